/** The machine itself: its kernel's switches, its devices, its control groups. */
import { held, verdicts, type Attempt } from './attempt.js';

const READ_ONLY = 'read-only, and of another user';
const NO_DEVICE = "a /dev of its own with nobody's devices";

/** Files below a directory that may be written, without writing. */
const WALK = `
def walk(top, depth, budget=[20000]):
    for entry in os.scandir(top):
        budget[0] -= 1
        if budget[0] < 0: return
        if entry.is_symlink(): continue
        if entry.is_dir(follow_symlinks=False):
            try: yield from walk(entry.path, depth - 1) if depth else ()
            except OSError: pass
        elif os.access(entry.path, os.W_OK): yield entry.path`;

export const MACHINE: readonly Attempt[] = [
  {
    id: 'sys',
    title: 'write to /sys',
    code: `${WALK}
return next(walk('/sys', 3), None) if os.path.isdir('/sys') else None`,
    verdicts: verdicts(held(READ_ONLY), held('only processors, memory nodes and its own groups are there, read-only')),
  },
  {
    id: 'proc-sys',
    title: 'write to /proc/sys',
    code: `${WALK}
# Settings of namespaces that are its own: of queues and shared memory, of processes, of an empty network.
own = ('/proc/sys/fs/mqueue/', '/proc/sys/kernel/shm', '/proc/sys/kernel/sem', '/proc/sys/kernel/msg', '/proc/sys/kernel/auto_msgmni', '/proc/sys/kernel/ns_last_pid', '/proc/sys/kernel/pid_max', '/proc/sys/net/')
return next((path for path in walk('/proc/sys', 4) if not (facts['inside'] and path.startswith(own))), None)`,
    verdicts: verdicts(held(READ_ONLY), held(READ_ONLY), held('of another user, but for settings of its own namespaces')),
  },
  {
    id: 'core-pattern',
    title: 'have the kernel run a program (core_pattern, uevent_helper, modprobe)',
    code: `
paths = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/sys/kernel/uevent_helper', '/proc/sys/fs/binfmt_misc/register']
return first(*((path, lambda path=path: writable(path)) for path in paths))`,
    verdicts: verdicts(held(READ_ONLY), held(READ_ONLY), held('of another user, root of the machine')),
  },
  {
    id: 'sysrq',
    title: 'use /proc/sysrq-trigger',
    // Opened, and not written.
    code: `
with open('/proc/sysrq-trigger', 'w') as file: return 'opened' if os.fstat(file.fileno()).st_rdev != os.stat('/dev/null').st_rdev else None`,
    uncontrolled: 'not every machine has it',
    verdicts: verdicts(held(READ_ONLY), held('covered')),
  },
  {
    id: 'kernel-memory',
    title: "read the machine's memory (/dev/mem, /dev/port, /proc/kcore)",
    code: `
def core():
    with open('/proc/kcore', 'rb') as file:
        if not file.read(4): raise OSError(errno.EACCES, 'covered')
return first(('kcore', core), *((path, lambda path=path: readable(path)) for path in ('/dev/mem', '/dev/kmem', '/dev/port', '/dev/nvram')))`,
    uncontrolled: 'not every machine has it',
    verdicts: verdicts(held(NO_DEVICE), held(`${NO_DEVICE}; kcore is covered`)),
  },
  {
    id: 'kernel-log',
    title: "read the kernel's log",
    code: `
buffer = ctypes.create_string_buffer(4096)
return first(('device', lambda: os.close(os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK))), ('call', lambda: call('syslog', 3, buffer, 4096)))`,
    uncontrolled: 'not every machine has it',
    verdicts: verdicts(held("no device; Docker's seccomp profile"), held("no device; the driver's seccomp filter")),
  },
  {
    id: 'kvm',
    title: 'make virtual machines (/dev/kvm)',
    code: `return first(*((path, lambda path=path: os.close(os.open(path, os.O_RDWR))) for path in ('/dev/kvm', '/dev/vhost-net', '/dev/vhost-vsock')))`,
    uncontrolled: 'not every machine has it',
    verdicts: verdicts(held(NO_DEVICE)),
  },
  {
    id: 'disks',
    title: 'read disks',
    code: `return first(*((path, lambda path=path: os.close(os.open(path, os.O_RDONLY))) for path in facts['disks'] + ['/dev/sda', '/dev/vda', '/dev/nvme0n1', '/dev/loop0']))`,
    verdicts: verdicts(held(NO_DEVICE)),
  },
  {
    id: 'devices',
    title: 'open any other device',
    code: `
harmless = {'null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts', 'shm', 'mqueue', 'fd', 'stdin', 'stdout', 'stderr', 'core', 'console'}
seen = [name for name in os.listdir('/dev') if name not in harmless]
return ', '.join(seen[:9]) or None`,
    verdicts: verdicts(held(NO_DEVICE)),
  },
  {
    id: 'mknod',
    title: 'make a device of its own',
    code: `
def make(path):
    os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(*facts['diskNumbers']))
    os.unlink(path)
return first(*((path, lambda path=path: make(path + '/berth-test-disk')) for path in ('/tmp', '/var/tmp', '/dev/shm', '/home/work')))`,
    verdicts: verdicts(held('needs CAP_MKNOD')),
  },
  {
    id: 'cgroups',
    title: 'change its limits, or leave by release_agent',
    code: `
with open('/proc/self/mountinfo') as file: tops = [l.split()[4] for l in file if ' - cgroup' in l]
names = {'release_agent', 'notify_on_release', 'cgroup.procs', 'tasks', 'memory.limit_in_bytes', 'memory.max', 'pids.max', 'cpu.max', 'cpu.cfs_quota_us'}
for top in tops:
    for path, below, files in os.walk(top):
        below[:] = below[:20] if path.count('/') < top.count('/') + 2 else []
        for name in names & set(files):
            if os.access(os.path.join(path, name), os.W_OK): return os.path.join(path, name)`,
    verdicts: verdicts(held(READ_ONLY), held(READ_ONLY), held('none is shown')),
  },
];
