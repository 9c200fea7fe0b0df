/** Where a kernel's things are on the host. The one place that knows. */
import { join } from 'node:path';
import type { KernelFacts } from '../model/facts.js';

export interface ScratchLayout {
  /** 0700 of the agent: keeps other users of the host out. */
  readonly root: string;
  /** 0777 below it, one per incarnation: socket, FIFOs, spill files; in the kernel behind a root-only directory. */
  readonly run: string;
  /** /home/work; owned by the kernel's user. Named as agents of 1.4 name it (seed spec 8.3), since operators know it so. */
  readonly work: string;
  /** /home/work/.config of kernels that are given one, read-only for them. */
  readonly config: string;
}

/** FIFOs per kernel: two or three for each run; runs beyond them get socket pairs. */
export const FIFO_COUNT = 32;

export function scratchLayout(scratchRoot: string, facts: Pick<KernelFacts, 'kernelId' | 'incarnation'>): ScratchLayout {
  const root = join(scratchRoot, facts.kernelId);
  return { root, run: join(root, `run-${facts.incarnation}`), work: join(root, '.work'), config: join(root, '.config') };
}
