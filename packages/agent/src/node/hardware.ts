/** What this machine has: cores by NUMA node, and memory. */
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseCoreList, type NumaNode } from '../alloc/cores.js';

export interface Hardware {
  readonly nodes: readonly NumaNode[];
  readonly memoryBytes: number;
}

/** Reads `/sys` and `/proc` below `root`. Without NUMA there is one node 0; what cannot be read is taken from Node's own knowledge. */
export async function readHardware(root = '/'): Promise<Hardware> {
  const online = parseCoreList(await text(join(root, 'sys/devices/system/cpu/online')));
  const cores = online.length > 0 ? online : Array.from({ length: availableParallelism() }, (_, core) => core);
  return { nodes: await numaNodes(root, cores), memoryBytes: memoryBytes(await text(join(root, 'proc/meminfo'))) };
}

async function numaNodes(root: string, cores: readonly number[]): Promise<NumaNode[]> {
  const directory = join(root, 'sys/devices/system/node');
  const names = (await readdir(directory).catch(() => [])).filter((name) => /^node\d+$/.test(name));
  const nodes = await Promise.all(
    names.map(async (name) => ({
      node: Number(name.slice('node'.length)),
      cores: parseCoreList(await text(join(directory, name, 'cpulist'))).filter((core) => cores.includes(core)),
    })),
  );
  // A node may have memory only.
  const usable = nodes.filter((node) => node.cores.length > 0).sort((a, b) => a.node - b.node);
  return usable.length > 0 ? usable : [{ node: 0, cores: [...cores] }];
}

function memoryBytes(meminfo: string): number {
  return Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
