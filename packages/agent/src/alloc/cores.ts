/** Which cores a kernel may run on. Cores are shared when there are more kernels than cores: managers overbook on purpose. Pure. */

/** Cores of one NUMA node, ascending. */
export interface NumaNode {
  readonly node: number;
  readonly cores: readonly number[];
}

/** How many kernels use each core; absent: none. */
export type CoreUse = ReadonlyMap<number, number>;

/** Counts over the cores of living kernels. */
export function coreUse(cpusets: readonly (readonly number[])[]): CoreUse {
  const use = new Map<number, number>();
  for (const core of cpusets.flat()) use.set(core, (use.get(core) ?? 0) + 1);
  return use;
}

/**
 * `want` cores, at least 1 and at most all: the least used of the NUMA node that is used least (seed spec 8.5). Only a wish that no
 * node can fulfil takes from several, the least used first. Sorted.
 */
export function chooseCores(nodes: readonly NumaNode[], use: CoreUse, want: number): number[] {
  const count = Math.max(1, Math.min(want, nodes.flatMap(({ cores }) => cores).length));
  const used = (core: number): number => use.get(core) ?? 0;
  const load = ({ cores }: NumaNode): number => cores.reduce((sum, core) => sum + used(core), 0) / cores.length;
  const ranked = [...nodes].filter(({ cores }) => cores.length > 0).sort((a, b) => load(a) - load(b) || a.node - b.node);
  const home = ranked.find(({ cores }) => cores.length >= count);
  const candidates = home ? home.cores : ranked.flatMap(({ cores }) => cores);
  // Sorting is stable: of several nodes the cores of the freest come first.
  const chosen = [...candidates].sort((a, b) => used(a) - used(b)).slice(0, count);
  return chosen.sort((a, b) => a - b);
}

/** The nodes without what a mask leaves out; `allowed` undefined: all. */
export function limitCores(nodes: readonly NumaNode[], allowed: readonly number[] | undefined): NumaNode[] {
  if (allowed === undefined) return [...nodes];
  return nodes.map(({ node, cores }) => ({ node, cores: cores.filter((core) => allowed.includes(core)) }));
}

/** `0-3,8` as the kernel writes lists of cores. Odd parts are left out. */
export function parseCoreList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .flatMap((part) => {
      const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
      if (!range) return [];
      const first = Number(range[1]);
      const last = Number(range[2] ?? first);
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
    });
}
