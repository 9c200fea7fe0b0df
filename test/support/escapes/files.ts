/** Files and sockets of the machine, of the node and of other sessions. */
import { depends, held, verdicts, type Attempt } from './attempt.js';

const ALLOWED = 'the root holds an allow-list of the machine, or the image alone';
const UNSEEN = 'no path leads there: another mount namespace';

export const FILES: readonly Attempt[] = [
  {
    id: 'engine-sockets',
    title: 'connect to the sockets of Docker, containerd or another service',
    code: `
paths = facts['sockets'] + ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/dbus/system_bus_socket']
return first(*((path, lambda path=path: connect(path)) for path in paths))`,
    verdicts: verdicts(held(UNSEEN)),
  },
  {
    id: 'run',
    title: 'see what is in /run or /var/run of the machine',
    code: `
seen = [name for path in ('/run', '/var/run') if os.path.isdir(path) for name in os.listdir(path)]
return 'saw ' + ', '.join(seen) if seen else None`,
    verdicts: verdicts(held('/run is a place in memory of its own')),
  },
  {
    id: 'root-home',
    title: 'read the home of root',
    code: `
seen = [name for name in os.listdir('/root') if name in facts['rootHome']]
return 'saw ' + ', '.join(seen) if seen else None`,
    verdicts: verdicts(held(UNSEEN)),
  },
  {
    id: 'homes',
    title: 'see other homes than its own',
    code: `
seen = [name for name in os.listdir('/home') if name != 'work'] + [path for path in facts['homes'] if os.path.isdir(path)]
return 'saw ' + ', '.join(seen) if seen else None`,
    verdicts: verdicts(held(UNSEEN)),
  },
  {
    id: 'shadow',
    title: 'read /etc/shadow or /etc/gshadow',
    code: `return first(*((path, lambda path=path: readable(path)) for path in ('/etc/shadow', '/etc/shadow-', '/etc/gshadow')))`,
    verdicts: verdicts(held('the image host has none; what an image brings is for its own root'), held('there is none')),
  },
  {
    id: 'etc',
    title: 'read accounts, keys and settings of the machine in /etc',
    code: `
same = open('/etc/passwd').read() == facts['passwd']
secret = first(*((path, lambda path=path: os.listdir(path)) for path in ('/etc/ssh', '/etc/ssl/private', '/etc/docker', '/etc/sudoers.d')))
return 'the accounts' if same else secret`,
    verdicts: verdicts(held(ALLOWED)),
  },
  {
    id: 'machine-files',
    title: 'read files of other users in /tmp, or what the engines keep',
    code: `
return first(('bait', lambda: readable(facts['bait'])), *((path, lambda path=path: os.listdir(path)) for path in ('/var/lib/docker', '/var/lib/containerd')))`,
    verdicts: verdicts(held(UNSEEN)),
  },
  {
    id: 'node-files',
    title: "read the node's state directory: journals, notices, the key",
    code: `
return first(*((path, lambda path=path: os.stat(path)) for path in facts['nodeFiles']))`,
    verdicts: verdicts(held(UNSEEN)),
  },
  {
    id: 'other-scratch',
    title: "read another session's scratch, by its path, beside its own, or in /tmp",
    code: `
beside = [name for path in ('/home/work', '/home/work/..', '/tmp', '/var/tmp', '/dev/shm') if os.path.isdir(path) for name in os.listdir(path)]
return 'bait' if facts['otherBait'] in beside else first(('stat', lambda: os.stat(facts['otherScratch'])))`,
    verdicts: verdicts(held('only its own scratch is mounted; /tmp is its own memory')),
  },
  {
    id: 'roots-of-processes',
    title: 'leave by the root or the working directory of another process',
    code: `
paths = ['/proc/%d/%s%s' % (pid, link, facts['directory']) for pid in pids() for link in ('root', 'cwd')]
return first(*((path, lambda path=path: os.stat(path)) for path in paths))`,
    verdicts: verdicts(held('processes of others are of another user; all have the same root')),
  },
  {
    id: 'file-handles',
    title: 'open files by their handle, past all paths',
    code: `
handle = ctypes.create_string_buffer(136)
handle[0:4] = (128).to_bytes(4, sys.byteorder)
number = ctypes.c_int()
directory = os.open('/var/tmp', os.O_RDONLY)
call('name_to_handle_at', -100, b'/var/tmp', handle, ctypes.byref(number), 0)
call('open_by_handle_at', directory, handle, os.O_RDONLY)
return 'opened one'`,
    verdicts: verdicts(held('needs CAP_DAC_READ_SEARCH')),
  },
  {
    id: 'carry',
    title: 'change the carry, that is, the runner of all sessions',
    code: `
program = facts['runner']
beside = os.path.dirname(program) + '/x'
return first(('append', lambda: os.close(os.open(program, os.O_WRONLY | os.O_APPEND))), ('mode', lambda: os.chmod(program, 0o777)),
    ('beside', lambda: os.close(os.open(beside, os.O_CREAT | os.O_WRONLY))), ('link', lambda: os.link(program, beside)))`,
    uncontrolled: 'the bare machine has none at that place',
    verdicts: verdicts(held('mounted read-only')),
  },
  {
    id: 'root-files',
    title: 'write anywhere but /home/work and places in memory',
    code: `
places = {'/home/work', '/tmp', '/var/tmp', '/run', '/dev/shm', '/dev/mqueue'}
with open('/proc/self/mountinfo') as file: mounts = [line.split()[4] for line in file]
more = ['/' + name for name in os.listdir('/')] + ['/', '/usr/bin', '/usr/lib', '/etc/ssl', '/var/lib', '/usr/local/bin']
def write(path):
    name = '%s/berth-test-%d' % (path, os.getpid())
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    os.unlink(name)
paths = sorted(path for path in set(mounts + more) if os.path.isdir(path) and path not in places and not path.startswith('/proc/'))
return first(*((path, lambda path=path: write(path)) for path in paths))`,
    verdicts: verdicts(held('the root is read-only')),
  },
  {
    id: 'paths',
    title: 'learn where on the machine its directories are',
    code: `return 'in mountinfo' if facts['directory'] in open('/proc/self/mountinfo').read() else None`,
    uncontrolled: 'the bare machine mounts nothing there',
    verdicts: verdicts(
      depends(
        'mountinfo names the source of a bind mount, as far as it is in the file system: paths are no secret, their content is',
      ),
    ),
  },
];
