/** What a sandbox cannot limit here, in sentences for people. Pure. */
import type { Controller } from './cgroup/hierarchies.js';
import type { Maker } from './command.js';

const BY_ROOT: Partial<Record<Controller, string>> = {
  memory: 'The memory of a session has no limit: the memory controller of cgroups cannot be used.',
  cpu: 'The CPU share of a session has no limit: the cpu controller of cgroups cannot be used.',
  cpuset: 'Sessions cannot be kept to their cores: the cpuset controller of cgroups cannot be used.',
  pids: 'The processes of a session have no limit: the pids controller of cgroups cannot be used.',
};

const BY_USER: Partial<Record<Controller, string>> = {
  memory: 'Memory is limited per process, not per session: an ordinary user has no cgroups.',
  cpu: 'CPU time is not limited: an ordinary user has no cgroups.',
  cpuset: 'Sessions are not kept to their cores: an ordinary user has no cgroups.',
  pids: 'Processes are limited per run, not per session: an ordinary user has no cgroups.',
};

export const UNFILTERED = 'Calls of the kernel are not filtered: seccomp cannot be used here.';

export function missingLimits({ uid }: Maker, missing: readonly Controller[]): readonly string[] {
  const table = uid === 0 ? BY_ROOT : BY_USER;
  return missing.flatMap((controller) => table[controller] ?? []);
}
