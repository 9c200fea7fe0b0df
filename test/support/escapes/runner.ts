/** The supervisor beside the code: its process, its socket, its files. */
import { held, open, verdicts, type Attempt } from './attempt.js';

const OTHER_USER = 'another user id, and no capability';
const UNSEEN = "the program's own pid namespace does not have it";

const SEEN = open('one pid namespace for the session; nothing can be done to it');

export const RUNNER: readonly Attempt[] = [
  {
    id: 'runner-process',
    title: 'see that the runner runs',
    session: true,
    code: `return 'pid %d' % supervisors()[0] if supervisors() else None`,
    verdicts: verdicts(SEEN, SEEN, held(UNSEEN)),
  },
  {
    id: 'runner-socket',
    title: "connect to the runner's socket",
    session: true,
    code: `return first(('socket', lambda: connect(facts['private'] + '/run/runner.sock')))`,
    verdicts: verdicts(
      held('below /berth, which only root of the container enters'),
      held('below /berth, which only root enters'),
      held('/berth is covered by an empty one'),
    ),
  },
  {
    id: 'runner-directory',
    title: "see the runner's directory: output that it keeps, the exit note",
    session: true,
    code: `
home = facts['private'] + '/run'
return first(('list', lambda: os.listdir(home)), ('stat', lambda: os.stat(home)), ('socket', lambda: os.stat(home + '/runner.sock')),
    ('note', lambda: os.close(os.open(home + '/exit.json', os.O_CREAT | os.O_WRONLY))))`,
    verdicts: verdicts(
      held('/berth is for root of the container only'),
      held('/berth is for root only'),
      held('/berth is covered by an empty one'),
    ),
  },
  {
    id: 'runner-files-by-process',
    title: "reach the runner's files by way of its process",
    session: true,
    code: `
return against(*((name, lambda pid, name=name: os.listdir('/proc/%d/%s/' % (pid, name))) for name in ('root', 'cwd', 'fd', 'map_files')))`,
    verdicts: verdicts(held(OTHER_USER), held(OTHER_USER), held(UNSEEN)),
  },
  {
    id: 'runner-memory',
    title: "read the runner's memory, variables or memory map",
    session: true,
    code: `
class Part(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]
def vector(pid):
    buffer = ctypes.create_string_buffer(1)
    try: call('process_vm_readv', pid, ctypes.byref(Part(ctypes.addressof(buffer), 1)), 1, ctypes.byref(Part(4096, 1)), 1, 0)
    except OSError as error:
        # Nothing is at that address: who may look is told so.
        if error.errno != errno.EFAULT: raise
return against(*((name, lambda pid, name=name: readable('/proc/%d/%s' % (pid, name))) for name in ('environ', 'maps', 'auxv', 'syscall')),
    ('mem', lambda pid: os.close(os.open('/proc/%d/mem' % pid, os.O_RDONLY))), ('vector', vector))`,
    verdicts: verdicts(held(OTHER_USER), held(OTHER_USER), held(UNSEEN)),
  },
  {
    id: 'runner-trace',
    title: 'trace the runner or take its descriptors',
    session: true,
    code: `
seized = set()
def seize(pid):
    if pid not in seized: call('ptrace', 0x4206, pid, 0, 0)
    seized.add(pid)
def take(pid):
    handle = call('pidfd_open', pid, 0)
    call('pidfd_getfd', handle, 0, 0)
return in_child(lambda: against(('seize', seize), ('descriptor', take)))`,
    verdicts: verdicts(held(OTHER_USER), held(OTHER_USER), held(UNSEEN)),
  },
  {
    id: 'runner-signals',
    title: 'end, stop or signal the runner or its init',
    session: true,
    // Signal 0 is checked as any other, and does nothing.
    code: `return against(('signal', lambda pid: os.kill(pid, 0)))`,
    verdicts: verdicts(held(OTHER_USER), held(OTHER_USER), held(UNSEEN)),
  },
  {
    id: 'runner-standing',
    title: "change the runner's priority, limits or standing when memory runs out",
    session: true,
    code: `
return against(('memory', lambda pid: writable('/proc/%d/oom_score_adj' % pid)), ('limits', lambda pid: resource.prlimit(pid, resource.RLIMIT_CORE)),
    ('cores', lambda pid: os.sched_setaffinity(pid, os.sched_getaffinity(pid))),
    ('priority', lambda pid: os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid))))`,
    verdicts: verdicts(held(OTHER_USER), held(OTHER_USER), held(UNSEEN)),
  },
];
