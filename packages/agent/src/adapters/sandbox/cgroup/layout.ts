/** Which groups a sandbox gets, and what is written into them. Pure. */
import { join } from 'node:path';
import type { ContainerPlan } from '../../../ports/driver.js';
import { CONTROLLERS, type Controller, type Hierarchies } from './hierarchies.js';

/** All groups of ours lie below it, in each hierarchy. */
export const TOP = 'berth';

const PERIOD_US = 100_000;
/** What the kernel takes at least. */
const LEAST_QUOTA_US = 1000;

export interface GroupFile {
  readonly name: string;
  readonly value: string;
  /** It need not be there: swap is not counted everywhere. */
  readonly optional?: true;
}

export interface Group {
  readonly version: 1 | 2;
  /** Mount point of its hierarchy. */
  readonly mount: string;
  readonly path: string;
  readonly controllers: readonly Controller[];
  /** In the order in which they must be written. */
  readonly files: readonly GroupFile[];
  /** Where a program inside looks for it. */
  readonly shownAt: string;
}

type Limits = Pick<ContainerPlan, 'memoryBytes' | 'cpus' | 'cpuset' | 'pids'>;

/** `unified`: controllers that version 2 has here; those of version 1 have one of their own. */
export function groupsOf(id: string, limits: Limits, { v1, v2 }: Hierarchies, unified: readonly string[]): readonly Group[] {
  const points = [...new Set(v1.values())];
  const old = points.map((mount): Group => {
    const controllers = CONTROLLERS.filter((controller) => v1.get(controller) === mount);
    const files = controllers.flatMap((controller) => FILES_V1[controller](limits));
    return { version: 1, mount, path: join(mount, TOP, id), controllers, files, shownAt: mount };
  });
  const controllers = CONTROLLERS.filter((controller) => !v1.has(controller) && unified.includes(controller));
  if (v2 === null || controllers.length === 0) return old;
  const files = controllers.flatMap((controller) => FILES_V2[controller](limits));
  return [...old, { version: 2, mount: v2, path: join(v2, TOP, id), controllers, files, shownAt: v2 }];
}

const quota = (cpus: number): number => Math.max(LEAST_QUOTA_US, Math.round(cpus * PERIOD_US));
const cores = (cpuset: readonly number[] | null): readonly GroupFile[] =>
  cpuset === null ? [] : [{ name: 'cpuset.cpus', value: cpuset.join(',') }];
const none = (): readonly GroupFile[] => [];

type Files = Readonly<Record<Controller, (limits: Limits) => readonly GroupFile[]>>;

const FILES_V1: Files = {
  memory: ({ memoryBytes }) => [
    { name: 'memory.limit_in_bytes', value: String(memoryBytes) },
    { name: 'memory.memsw.limit_in_bytes', value: String(memoryBytes), optional: true },
  ],
  cpu: ({ cpus }) => [
    { name: 'cpu.cfs_period_us', value: String(PERIOD_US) },
    { name: 'cpu.cfs_quota_us', value: String(quota(cpus)) },
  ],
  cpuset: ({ cpuset }) => cores(cpuset),
  pids: ({ pids }) => [{ name: 'pids.max', value: String(pids) }],
  cpuacct: none,
  blkio: none,
  freezer: none,
};

const FILES_V2: Files = {
  memory: ({ memoryBytes }) => [
    { name: 'memory.max', value: String(memoryBytes) },
    { name: 'memory.swap.max', value: '0', optional: true },
  ],
  cpu: ({ cpus }) => [{ name: 'cpu.max', value: `${quota(cpus)} ${PERIOD_US}` }],
  cpuset: ({ cpuset }) => cores(cpuset),
  pids: ({ pids }) => [{ name: 'pids.max', value: String(pids) }],
  cpuacct: none,
  blkio: none,
  freezer: none,
};

/** The file of the group that stops all its processes, and what is written into it; undefined when there is none among them. */
export function freezerOf(
  groups: readonly Group[],
  paused: boolean,
): { readonly path: string; readonly value: string } | undefined {
  const old = groups.find(({ version, controllers }) => version === 1 && controllers.includes('freezer'));
  if (old) return { path: join(old.path, 'freezer.state'), value: paused ? 'FROZEN' : 'THAWED' };
  const unified = groups.find(({ version }) => version === 2);
  return unified && { path: join(unified.path, 'cgroup.freeze'), value: paused ? '1' : '0' };
}

/** Whether all stand still, from `freezer.state` (version 1) or `cgroup.events` (version 2). */
export const isFrozen = (text: string): boolean => text.trim() === 'FROZEN' || /^frozen 1$/m.test(text);
