/** More rights than a plain user has, and calls of the kernel that have led there. */
import { depends, held, verdicts, type Attempt } from './attempt.js';

const NONE = 'no capability';
const BY_DOCKER = "Docker's seccomp profile";
const BY_FILTER = "the driver's seccomp filter";
/** Set-uid programs start as the user that they are started by; as root of the bare machine, as nobody. */
const AS_NOBODY = `lower = dict(user=65534) if os.getuid() == 0 else {}`;

export const PRIVILEGES: readonly Attempt[] = [
  {
    id: 'become-root',
    title: 'become root, or another user or group',
    session: true,
    code: `
return in_child(lambda: first(('uid', lambda: os.setuid(0)), ('gid', lambda: os.setgid(0)), ('all', lambda: os.setresuid(0, 0, 0)),
    ('other', lambda: os.setuid(os.getuid() + 1)), ('groups', lambda: os.setgroups([0]))))`,
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'capabilities',
    title: 'have a capability, or gain one by a program',
    // Without new privileges nothing comes of inheritable ones.
    session: true,
    code: `
have = {name: bits for name, bits in capabilities().items() if bits and name not in ('CapBnd', 'CapInh')}
if have: return repr(have)
return None if 'NoNewPrivs:\\t1' in open('/proc/self/status').read() else 'programs may gain some'`,
    verdicts: verdicts(held('all dropped, no_new_privs')),
  },
  {
    id: 'setuid-programs',
    title: 'gain by set-uid programs that are installed (su, passwd, mount)',
    code: `
${AS_NOBODY}
for name in ('su', 'passwd', 'newgrp', 'chsh', 'sudo'):
    path = '/usr/bin/' + name
    if not os.path.exists(path) or not os.stat(path).st_mode & stat.S_ISUID: continue
    process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **lower)
    until, root = time.monotonic() + 0.3, False
    while not root and process.poll() is None and time.monotonic() < until:
        with open('/proc/%d/status' % process.pid) as file: real, effective = next(l for l in file if l.startswith('Uid:')).split()[1:3]
        root = effective == '0' != real
    process.kill()
    process.wait()
    if root: return name`,
    verdicts: verdicts(held('no_new_privs')),
  },
  {
    id: 'setuid-file',
    title: 'gain by a set-uid file of root in its scratch',
    code: `
if facts['setuidFile'] is None: return None
path = '/home/work/' + facts['setuidFile']
if not os.stat(path).st_mode & stat.S_ISUID: raise RuntimeError('no bait')
return 'became root' if subprocess.run([path, '-u'], capture_output=True).stdout == b'0\\n' else None`,
    uncontrolled: 'the bare machine has no such file',
    verdicts: verdicts(held('no_new_privs')),
  },
  {
    id: 'mount',
    title: 'mount something',
    code: `
if not facts['inside']: return 'may' if capabilities()['CapEff'] >> 21 & 1 else None
return in_child(lambda: first(('mount', lambda: call('mount', b'none', b'/var/tmp', b'tmpfs', 0, 0)), ('fsopen', lambda: call('fsopen', b'tmpfs', 0)),
    ('open_tree', lambda: call('open_tree', -100, b'/', 1))))`,
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'user-namespaces',
    title: 'gain capabilities in a user namespace of its own',
    code: `
def gain():
    call('unshare', 0x10000000)
    return 'capabilities %x' % capabilities()['CapEff']
return in_child(gain)`,
    verdicts: verdicts(held(BY_DOCKER), held(BY_FILTER), held('bubblewrap lets it have none')),
  },
  {
    id: 'other-namespaces',
    title: 'make or enter other namespaces',
    code: `
def enter(pid, name):
    with open('/proc/%d/ns/%s' % (pid, name)) as file: call('setns', file.fileno(), 0)
ways = [(str(flag), lambda flag=flag: call('unshare', flag)) for flag in (0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000)]
return in_child(lambda: first(*ways, *((name, lambda name=name: enter(1, name)) for name in ('mnt', 'net', 'pid', 'ipc'))))`,
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'kernel-modules',
    title: 'load kernel modules, or restart the machine',
    // With arguments that mean nothing: who may not is told so before they are looked at.
    code: `
def refused(name, *arguments):
    try: call(name, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS): raise
ways = [('module', lambda: refused('finit_module', -1, b'', 0)), ('reboot', lambda: refused('reboot', 0, 0, 0, 0))]
return first(*ways)`,
    uncontrolled: 'not every kernel has it',
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'clock',
    title: "set the machine's clock or name",
    code: `
if not facts['inside']: return 'may' if capabilities()['CapEff'] >> 25 & 1 else None
return first(('clock', lambda: time.clock_settime(time.CLOCK_REALTIME, time.time())), ('name', lambda: socket.sethostname('x')))`,
    verdicts: verdicts(held(NONE)),
  },
  {
    id: 'bpf',
    title: 'load programs into the kernel (bpf)',
    code: `
attributes = ctypes.create_string_buffer(128)
attributes[0:16] = b''.join(n.to_bytes(4, sys.byteorder) for n in (2, 4, 8, 1))
return 'a map' if call('bpf', 0, attributes, 128) >= 0 else None`,
    uncontrolled: 'not every kernel has it',
    verdicts: verdicts(held(BY_DOCKER), held(BY_FILTER)),
  },
  {
    id: 'perf',
    title: 'measure with perf_event_open, or stop page faults with userfaultfd',
    code: `
attributes = ctypes.create_string_buffer(128)
attributes[0:8] = (1).to_bytes(4, sys.byteorder) + (128).to_bytes(4, sys.byteorder)
attributes[40:48] = (0x60).to_bytes(8, sys.byteorder)
return first(('perf', lambda: call('perf_event_open', attributes, 0, -1, -1, 0)), ('userfaultfd', lambda: call('userfaultfd', 1)))`,
    uncontrolled: 'not every kernel has it',
    verdicts: verdicts(held(BY_DOCKER), held(BY_FILTER)),
  },
  {
    id: 'io-uring',
    title: 'use io_uring',
    code: `
parameters = ctypes.create_string_buffer(256)
return 'a ring' if call('io_uring_setup', 4, parameters) >= 0 else None`,
    uncontrolled: 'not every kernel has it',
    verdicts: verdicts(depends('Docker 25 and later forbid it'), held(BY_FILTER)),
  },
];
