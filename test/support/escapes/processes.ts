/** Processes of the machine and of other sessions, and what they share with others. */
import { held, verdicts, type Attempt } from './attempt.js';

const PIDS = 'a pid namespace of its own';
const IPC = 'an IPC namespace of its own';
const KEYS = "Docker's seccomp profile has no keyrings";
const FILTER = "the driver's seccomp filter has no keyrings";

export const PROCESSES: readonly Attempt[] = [
  {
    id: 'machine-processes',
    title: 'see processes of the machine',
    code: `
seen = [pid for pid in pids() if cmdline(pid)[:1] == [facts['hostMark'].encode()]]
return 'pid %d' % seen[0] if seen else None`,
    verdicts: verdicts(held(PIDS)),
  },
  {
    id: 'other-processes',
    title: 'see, signal or trace processes of another session',
    code: `
seen = [pid for pid in pids() if any(facts['otherMark'].encode() == part for part in cmdline(pid))]
numbers = [pid for pid in facts['otherPids'] if not os.path.exists('/proc/%d' % pid)] + seen
if seen: return 'pid %d' % seen[0]
return first(*(('signal', lambda pid=pid: os.kill(pid, 0)) for pid in numbers)) or in_child(
    lambda: first(*(('seize', lambda pid=pid: call('ptrace', 0x4206, pid, 0, 0)) for pid in numbers)))`,
    verdicts: verdicts(held(PIDS)),
  },
  {
    id: 'machine-signals',
    title: 'signal or trace a process of the machine by its number',
    code: `
pid = facts['hostPid']
if os.path.exists('/proc/%d' % pid) and cmdline(pid)[:1] != [facts['hostMark'].encode()]: return None
return first(('signal', lambda: os.kill(pid, 0)), ('handle', lambda: call('pidfd_open', pid, 0))) or in_child(
    lambda: first(('seize', lambda: call('ptrace', 0x4206, pid, 0, 0))))`,
    verdicts: verdicts(held(PIDS)),
  },
  {
    id: 'agent-environment',
    title: "find the agent's variables, in its own or in any process",
    session: true,
    code: `
secret = facts['secret'].encode()
for pid in pids():
    try: found = secret in open('/proc/%d/environ' % pid, 'rb').read()
    except OSError: continue
    if found: return 'in pid %d' % pid
return 'its own' if secret in repr(dict(os.environb)).encode() else None`,
    verdicts: verdicts(held('the runner starts with none'), held('the sandbox starts with none')),
  },
  {
    id: 'agent-descriptors',
    title: 'inherit descriptors of the agent',
    code: `
found = []
for name in os.listdir('/proc/self/fd'):
    try: target = os.readlink('/proc/self/fd/' + name)
    except OSError: continue
    if target.startswith('/proc/'): continue
    if int(name) > 2 or target.startswith(('socket:', '/dev/pts', '/dev/tty')) or facts['directory'] in target: found.append(name + ' ' + target)
return ', '.join(found) or None`,
    uncontrolled: 'what the bare machine inherits depends on who starts it',
    verdicts: verdicts(held('the engine starts it'), held('they are closed at the start')),
  },
  {
    id: 'terminals',
    title: "open the machine's terminals, to type into them (TIOCSTI)",
    // Opened only: newer kernels refuse the typing itself to everybody.
    code: `
def type_into(path): os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))
paths = [path for path in facts['terminals'] + ['/dev/tty0', '/dev/tty1', '/dev/console', '/dev/ttyS0'] if os.path.exists(path)]
return first(('own', lambda: os.close(os.open('/dev/tty', os.O_RDWR))), *((path, lambda path=path: type_into(path)) for path in paths))`,
    verdicts: verdicts(held('a /dev/pts of its own, no controlling terminal')),
  },
  {
    id: 'keyrings',
    title: 'see keys of the machine in kernel keyrings',
    session: true,
    code: `
ring, key, name, text = facts['keyring'], facts['key'], facts['keyName'].encode(), facts['keyText'].encode()
def read(serial):
    buffer = ctypes.create_string_buffer(64)
    call('keyctl', 11, serial, buffer, 64)
    if text not in buffer.raw: raise OSError(errno.ENOKEY, 'another key')
def linked():
    call('keyctl', 8, ring, -2)
    read(key)
def listed():
    if facts['keyName'] not in open('/proc/keys').read(): raise OSError(errno.ENOKEY, 'not there')
return in_child(lambda: first(('list', listed), ('read', lambda: read(key)), ('link', linked),
    ('request', lambda: read(call('request_key', b'user', name, 0, 0))), ('search', lambda: read(call('keyctl', 10, -3, b'user', name, 0))),
    ('ring', lambda: call('keyctl', 11, ring, 0, 0))))`,
    verdicts: verdicts(held(KEYS), held(FILTER)),
  },
  {
    id: 'sysv-memory',
    title: 'attach shared memory of the machine (System V)',
    code: `
number = call('shmget', facts['shmKey'], 1, 0)
return 'segment %d' % number if number == facts['shmId'] else None`,
    verdicts: verdicts(held(IPC)),
  },
  {
    id: 'posix-memory',
    title: 'open shared memory or message queues of the machine (POSIX)',
    code: `
def queue():
    if libc.mq_open(facts['ipcName'].encode(), os.O_RDONLY) < 0: raise OSError(ctypes.get_errno(), 'mq_open')
return first(('queue', queue), ('memory', lambda: readable('/dev/shm' + facts['ipcName'])))`,
    verdicts: verdicts(held(`${IPC}, and a /dev/shm`)),
  },
];
