/** Makes the kernel's memory limit take the user's processes first, and the runner last. */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = '/proc/self/oom_score_adj';

/**
 * Runs `spawn` while this process is marked as the first to go, so that the child inherits the mark. Raising needs no right, and
 * neither does going back to what it was. Nothing may be awaited in between: memory could run out while we wear the mark.
 */
export function spawnAsFirstToGo<T>(spawn: () => T): T {
  let own: string | undefined;
  try {
    own = readFileSync(FILE, 'latin1').trim();
    writeFileSync(FILE, '1000');
  } catch {
    // A /proc that cannot be written: then all are alike.
  }
  try {
    return spawn();
  } finally {
    if (own !== undefined) restore(own);
  }
}

function restore(value: string): void {
  try {
    writeFileSync(FILE, value);
  } catch {
    // Was not changed either.
  }
}
