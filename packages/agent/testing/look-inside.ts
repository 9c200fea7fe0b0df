/** Programs of a Debian, and one that reports how things look to it: for fixtures on real drivers. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '@berth/base';
import type { ContainerPlan, Driver } from '../src/ports/driver.js';
import type { FixtureCommands, InsideFacts } from './driver-fixture.js';

const python = (code: string): string[] => ['/usr/bin/python3', '-c', code];

export const COMMANDS: FixtureCommands = {
  idle: ['/bin/sleep', '3600'],
  exitWith3: ['/bin/sh', '-c', 'exit 3'],
  exhaustMemory: python('b = bytearray(1 << 30)\nfor i in range(0, len(b), 4096): b[i] = 1'),
  missing: ['/no/such/program'],
};

const LOOK_AGAIN_MS = 10;

/** Where the program inside writes what it found; it is told, since without mounts that is elsewhere. */
const REPORT = '/report';

const LOOK = `
import json, os, socket, sys
# In a view of its own a group is the root; a process without one finds its groups by their names.
groups = [line.rstrip('\\n').split(':', 2)[1:] for line in open('/proc/self/cgroup')]
def own(path):
    for names, group in groups:
        for name in names.split(','):
            if name == '' or path.startswith(name + '/'):
                yield cg + name + group + '/' + path[len(name):].lstrip('/')
    yield cg + path
def number(*paths):
    for path in (one for each in paths for one in own(each)):
        if os.path.exists(path):
            text = open(path).read().split()
            return [int(word) for word in text if word.isdigit()]
cg = '/sys/fs/cgroup/'
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
capabilities = int(status['CapPrm' if sys.argv[1] == 'permitted' else 'CapBnd'], 16)
# Where a driver has no groups these are -1.
memory = (number('memory/memory.limit_in_bytes', 'memory.max') or [-1])[0]
swap = number('memory/memory.memsw.limit_in_bytes')
swap = swap[0] if swap else memory + (number('memory.swap.max') or [-1])[0]
cpu = number('cpu.max') or [(number(path) or [-1])[0] for path in ('cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us')]
def localhost():
    try:
        with socket.create_server(('127.0.0.1', 0)) as server:
            socket.create_connection(('localhost', server.getsockname()[1])).close()
        return True
    except OSError:
        return False
mounts = {}
for line in open('/proc/self/mounts'):
    target = line.split()[1]
    try:
        seen, mode = os.statvfs(target), os.stat(target).st_mode
    except OSError:
        # Of a machine that is not shut out: what is mounted where others have no way.
        continue
    mounts[target] = {'readOnly': bool(seen.f_flag & os.ST_RDONLY), 'bytes': seen.f_blocks * seen.f_frsize, 'mode': mode & 0o7777}
facts = {
    'uid': os.getuid(), 'directory': os.getcwd(), 'environment': sorted(os.environ),
    'rootReadOnly': bool(os.statvfs('/').f_flag & os.ST_RDONLY),
    'capabilities': [bit for bit in range(64) if capabilities >> bit & 1],
    'noNewPrivileges': status['NoNewPrivs'].strip() == '1',
    'interfaces': [name for _, name in socket.if_nameindex()],
    'localhost': localhost(), 'memoryBytes': memory, 'memoryAndSwapBytes': swap,
    'pids': (number('pids/pids.max', 'pids.max') or [-1])[0], 'cpus': cpu[0] / cpu[1], 'cores': sorted(os.sched_getaffinity(0)), 'mounts': mounts,
}
open(sys.argv[2] + '/facts', 'w').write(json.dumps(facts))
`;

/** `permitted`: of a driver under which nothing can ever be gained (no_new_privs), the capabilities that it has; else the bounding set. */
export async function lookInside(
  driver: Driver,
  plan: ContainerPlan,
  capabilities: 'bounding' | 'permitted' = 'bounding',
): Promise<InsideFacts> {
  const report = await mkdtemp(join(tmpdir(), 'berth-report-'));
  const mounts = [...plan.mounts, { source: report, target: REPORT, readOnly: false }];
  const { containerId } = await driver.create({ ...plan, mounts, command: [...python(LOOK), capabilities, REPORT] });
  try {
    await driver.start(containerId);
    while ((await driver.inspect(containerId))?.state !== 'exited') await sleep(LOOK_AGAIN_MS);
    return JSON.parse(await readFile(join(report, 'facts'), 'utf8')) as InsideFacts;
  } finally {
    await driver.remove(containerId);
    await rm(report, { recursive: true, force: true });
  }
}
