/** Where a kernel's things are on the host. The one place that knows. */
import { join } from 'node:path';

export interface ScratchLayout {
  /** 0700 of the agent: keeps other users of the host out. */
  readonly root: string;
  /** 0777 below it: socket, FIFOs, spill files; in the kernel behind a root-only directory. */
  readonly run: string;
  /** /home/work; owned by the kernel's user. */
  readonly work: string;
}

/** FIFOs per kernel: two or three for each run; runs beyond them get socket pairs. */
export const FIFO_COUNT = 32;

export function scratchLayout(scratchRoot: string, kernelId: string): ScratchLayout {
  const root = join(scratchRoot, kernelId);
  return { root, run: join(root, 'run'), work: join(root, 'work') };
}
