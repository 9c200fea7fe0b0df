/** Bytes on disk below a directory that the kernel's programs fill as they like. */
import { systemClock, walkBelow, openDirectory, type Clock } from '@berth/base';

export interface ScratchBudget {
  readonly entries: number;
  readonly ms: number;
}

export const SCRATCH_BUDGET: ScratchBudget = { entries: 50_000, ms: 1000 };

/** Deeper than anybody builds by hand. */
const MOST_LEVELS = 100;
/** `st_blocks` counts in these, whatever the file system's own are (stat(2)). */
const BLOCK_BYTES = 512;

/**
 * What `du` would say: blocks in use, sparse parts not counted, a file with several names counted once, links not followed. Null when the tree
 * is too large or too deep for the budget, or cannot be read.
 */
export async function scratchSize(
  directory: string,
  signal?: AbortSignal,
  budget: ScratchBudget = SCRATCH_BUDGET,
  clock: Clock = systemClock,
): Promise<number | null> {
  const start = await openDirectory(directory, []).catch(() => undefined);
  if (!start) return null;
  const until = clock.monotonic() + budget.ms;
  const linked = new Set<string>();
  let bytes = 0;
  let entries = 0;
  try {
    for await (const { names, stats } of walkBelow(start, { depth: MOST_LEVELS })) {
      if (++entries > budget.entries || clock.monotonic() > until || signal?.aborted) return null;
      if (stats.isDirectory() && names.length >= MOST_LEVELS) return null;
      if (!stats.isDirectory() && stats.nlink > 1) {
        const file = `${stats.dev}:${stats.ino}`;
        if (linked.has(file)) continue;
        linked.add(file);
      }
      bytes += stats.blocks * BLOCK_BYTES;
    }
    return bytes;
  } catch {
    return null;
  } finally {
    await start.close();
  }
}
