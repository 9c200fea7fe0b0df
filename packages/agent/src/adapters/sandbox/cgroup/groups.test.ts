/** Version 2, on a tree of plain files that stands for it: this needs no right and no such machine. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Groups } from './groups.js';
import { parseHierarchies } from './hierarchies.js';
import { groupsOf } from './layout.js';

const LIMITS = { memoryBytes: 1 << 28, cpus: 1.5, cpuset: [0, 2], pids: 33 };
const read = (...path: string[]) => readFile(join(...path), 'utf8');

describe('hierarchies', () => {
  it('of version 1 are found by controller, also where two share one', () => {
    const { v1, v2 } = parseHierarchies(
      '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n' +
        '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 - cgroup cgroup rw,cpu,cpuacct\n' +
        '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n' +
        '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
    );
    expect(Object.fromEntries(v1)).toEqual({
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      memory: '/sys/fs/cgroup/memory',
    });
    expect(v2).toBe('/sys/fs/cgroup/unified');
  });

  it('are none in what is no such file', () => {
    expect(parseHierarchies('odd\n - \n x - cgroup')).toEqual({ v1: new Map(), v2: null });
  });
});

describe('groups', () => {
  it('of version 1 are one for each hierarchy, with the limits of its controllers', () => {
    const v1 = new Map([
      ['cpu', '/c/cpu'],
      ['cpuacct', '/c/cpu'],
      ['memory', '/c/memory'],
    ] as const);
    const groups = groupsOf('id', LIMITS, { v1, v2: '/c/unified' }, ['hugetlb']);
    expect(groups.map(({ path, files }) => [path, files.map(({ name, value }) => `${name}=${value}`)])).toEqual([
      ['/c/cpu/berth/id', ['cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=150000']],
      ['/c/memory/berth/id', ['memory.limit_in_bytes=268435456', 'memory.memsw.limit_in_bytes=268435456']],
    ]);
  });

  it('give the least share that the kernel takes to who asks for less', () => {
    const [group] = groupsOf('id', { ...LIMITS, cpus: 0.0001 }, { v1: new Map(), v2: '/c' }, ['cpu']);
    expect(group?.files).toEqual([{ name: 'cpu.max', value: '1000 100000' }]);
  });
});

describe('version 2', () => {
  let root: string;
  let mountinfo: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-cgroup-'));
    const point = join(root, 'cgroup');
    mountinfo = join(root, 'mountinfo');
    await mkdir(point);
    await writeFile(mountinfo, `30 23 0:26 / ${point} rw,nosuid - cgroup2 cgroup2 rw\n`);
    await writeFile(join(point, 'cgroup.controllers'), 'cpuset cpu io memory hugetlb pids\n');
    // The real file answers with names; a plain one keeps what was written last.
    await writeFile(join(point, 'cgroup.subtree_control'), 'cpuset cpu memory pids\n', { mode: 0o444 });
  });
  afterEach(() => rm(root, { recursive: true }));

  it('has one group with all limits, and no swap', async () => {
    const group = groupsOf('id', LIMITS, { v1: new Map(), v2: join(root, 'cgroup') }, ['cpuset', 'cpu', 'memory', 'pids'])[0]!;
    await Groups.none().make([group]);
    const at = join(root, 'cgroup', 'berth');
    expect(await read(at, 'cgroup.subtree_control')).toBe('+memory +cpu +cpuset +pids');
    const files = await Promise.all((await readdir(join(at, 'id'))).map(async (name) => [name, await read(at, 'id', name)]));
    expect(Object.fromEntries(files)).toEqual({
      'memory.max': '268435456',
      'memory.swap.max': '0',
      'cpu.max': '150000 100000',
      'cpuset.cpus': '0,2',
      'pids.max': '33',
    });
  });

  it('asks again for what was taken back at the top since it was looked at', async () => {
    const control = join(root, 'cgroup', 'cgroup.subtree_control');
    const group = groupsOf('id', LIMITS, { v1: new Map(), v2: join(root, 'cgroup') }, ['cpuset', 'memory'])[0]!;
    await chmod(control, 0o644);
    await writeFile(control, 'pids\n');
    await Groups.none().make([group]);
    expect(await read(control)).toBe('+memory +cpuset');
  });

  it('tells how often memory ran out', async () => {
    const group = groupsOf('id', LIMITS, { v1: new Map(), v2: join(root, 'cgroup') }, ['memory'])[0]!;
    const groups = Groups.none();
    expect(await groups.memoryKills([group])).toBe(0);
    await groups.make([group]);
    await writeFile(join(group.path, 'memory.events'), 'low 0\nmax 7\noom 3\noom_kill 2\n');
    expect(await groups.memoryKills([group])).toBe(2);
  });

  it('that hands down nothing misses every limit', async () => {
    await rm(join(root, 'cgroup', 'cgroup.controllers'));
    await rm(join(root, 'cgroup', 'cgroup.subtree_control'));
    expect((await Groups.find(mountinfo)).missing).toEqual(['memory', 'cpu', 'cpuset', 'pids']);
  });
});
