/** What a kernel was given, as `create_kernel` answers it (seed spec 8.4, last paragraph). Pure. */
import type { KernelSpec } from '@berth/wire';
import type { KernelNotes } from './notes.js';

/** JSON text. Amounts are decimal text; mounts are `host:kernel:permission`. */
export function resourceSpec(spec: KernelSpec, { shares }: KernelNotes, numaNode: number): string {
  return JSON.stringify({
    shares: { _cpu: shares.cpu, _mem: shares.mem, _gpu: shares.gpu },
    memory_limit: spec.memoryBytes,
    numa_node: numaNode,
    cpu_set: spec.cpuset ?? [],
    mounts: spec.mounts.map(({ source, target, readOnly }) => `${source}:${target}:${readOnly ? 'ro' : 'rw'}`),
    scratch_disk_size: 0,
  });
}
