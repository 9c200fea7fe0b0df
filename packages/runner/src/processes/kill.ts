/** Ends processes that may not want to end. */
import { setImmediate as turn } from 'node:timers/promises';
import { sleep } from '@berth/base';
import { nameOf, type ProcessEntry } from './table.js';

/** Rounds after which something forks faster than we look. */
const ROUNDS_BEFORE_LAST_RESORT = 30;
const ROUNDS = 200;

/** Sends a signal; a process that is gone, or not ours to signal, is passed over. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile.
  }
}

/**
 * Kills what `select` finds until it finds nothing. First all are stopped, so that none can make new ones while the others die.
 * `lastResort` ends every process of the user, for a tree whose members are never alive long enough to be seen. False when
 * something is still left after about 2 s, such as a process in an uninterruptible wait.
 */
export async function killAll(select: () => readonly ProcessEntry[], lastResort: () => void): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = stopAll(select);
    if (found.length === 0) return true;
    for (const { pid } of found) send(pid, 'SIGKILL');
    if (round === ROUNDS_BEFORE_LAST_RESORT) lastResort();
    await (round < 5 ? turn() : sleep(10));
  }
  return false;
}

/** Stops all that `select` finds until it finds no new one. */
function stopAll(select: () => readonly ProcessEntry[]): readonly ProcessEntry[] {
  const stopped = new Set<string>();
  for (let pass = 0; ; pass++) {
    const found = select();
    const fresh = found.filter((entry) => !stopped.has(nameOf(entry)));
    if (fresh.length === 0 || pass === 10) return found;
    for (const entry of fresh) {
      stopped.add(nameOf(entry));
      send(entry.pid, 'SIGSTOP');
    }
  }
}
