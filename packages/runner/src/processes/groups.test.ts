import { expect, it } from 'vitest';
import { groupPaths } from './groups.js';

const OOM = ['memory', 'memory.events', 'memory.oom_control'] as const;

it.each([
  ['of its own view', '9:memory:/\n0::/\n', ['', '']],
  ['of version 1, by name', '10:cpu,cpuacct:/x\n9:memory:/berth/id\n0::/\n', ['', '/berth/id']],
  ['of version 2, by name', '0::/user.slice/a:b\n', ['/user.slice/a:b', '']],
  ['where none are told', '', ['', '']],
])('files of groups %s', (_, own, [unified, named]) => {
  expect(groupPaths(own, ...OOM)).toEqual([
    `/sys/fs/cgroup${unified}/memory.events`,
    `/sys/fs/cgroup/memory${named}/memory.oom_control`,
    '/sys/fs/cgroup/memory.events',
    '/sys/fs/cgroup/memory/memory.oom_control',
  ]);
});
