/** More of the machine than was planned. */
import { held, verdicts, type Attempt } from './attempt.js';

export const LIMITS: readonly Attempt[] = [
  {
    id: 'rlimits',
    title: 'raise its resource limits',
    code: `
def raised(which):
    soft, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY: raise OSError(errno.EPERM, 'nothing above')
    try: resource.setrlimit(which, (soft, hard + 1))
    except ValueError: raise OSError(errno.EPERM, 'refused')
names = ('RLIMIT_NOFILE', 'RLIMIT_NPROC', 'RLIMIT_CORE', 'RLIMIT_DATA', 'RLIMIT_MEMLOCK', 'RLIMIT_NICE', 'RLIMIT_RTPRIO', 'RLIMIT_MSGQUEUE')
return in_child(lambda: first(*((name, lambda name=name: raised(getattr(resource, name))) for name in names)))`,
    uncontrolled: 'root of a machine in a container may not either',
    verdicts: verdicts(held('needs CAP_SYS_RESOURCE')),
  },
  {
    id: 'priority',
    title: 'take precedence over others (nice, real time)',
    code: `
return in_child(lambda: first(('nice', lambda: os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - 1)),
    ('real time', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))))`,
    verdicts: verdicts(held('needs CAP_SYS_NICE')),
  },
  {
    id: 'out-of-memory',
    title: 'have others killed before itself when memory runs out',
    code: `
def lower():
    with open('/proc/self/oom_score_adj', 'w') as file: file.write('-1')
return in_child(lambda: first(('below the supervisor', lower)))`,
    uncontrolled: 'root of a machine in a container may not either',
    verdicts: verdicts(held('needs CAP_SYS_RESOURCE')),
  },
  {
    id: 'fill-tmp',
    title: 'fill /tmp beyond its size',
    alone: true,
    code: `
written, path = 0, '/tmp/berth-test-fill'
try:
    with open(path, 'wb') as file:
        while written <= facts['tmpBytes']: written += file.write(bytes(1 << 20))
    return '%d bytes' % written
finally: os.unlink(path)`,
    uncontrolled: 'the disk of the bare machine is not for filling',
    verdicts: verdicts(held('a place in memory of limited size')),
  },
];
