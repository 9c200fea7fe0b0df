/** Where control groups are mounted (proc(5), mountinfo). Pure. */

export const CONTROLLERS = ['memory', 'cpu', 'cpuset', 'pids', 'cpuacct', 'blkio', 'freezer'] as const;
export type Controller = (typeof CONTROLLERS)[number];

export interface Hierarchies {
  /** Mount point by controller, of version 1. */
  readonly v1: ReadonlyMap<Controller, string>;
  /** Mount point of version 2, or null. */
  readonly v2: string | null;
}

export function parseHierarchies(mountinfo: string): Hierarchies {
  const v1 = new Map<Controller, string>();
  let v2: string | null = null;
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const point = before?.split(' ')[4];
    const [type, , options = ''] = after?.split(' ') ?? [];
    if (point === undefined) continue;
    if (type === 'cgroup2') v2 ??= point;
    if (type === 'cgroup') {
      const names = options.split(',');
      for (const controller of CONTROLLERS) if (names.includes(controller) && !v1.has(controller)) v1.set(controller, point);
    }
  }
  return { v1, v2 };
}
