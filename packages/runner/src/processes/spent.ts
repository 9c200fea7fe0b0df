/** CPU time of children that have ended. Node reaps them and keeps no account, but the system adds them up for the parent. */
import { setImmediate as turn } from 'node:timers/promises';
import { KeptFile } from './kept-file.js';
import { MS_PER_TICK } from './table.js';

let own: KeptFile | undefined;
let accounted = 0;
let ended = 0;
let settled: Promise<number | null> | undefined;

/**
 * To be called at the exit of every child, in its event. Resolves with the CPU time in milliseconds of this child and of what it had
 * waited for, or with null when another one was reaped together with it: their sum cannot be split.
 */
export function spentByEnded(): Promise<number | null> {
  ended += 1;
  // All that were reaped at once have told it before the next turn.
  settled ??= turn().then(settle);
  return settled;
}

function settle(): number | null {
  const total = childrenTicks();
  const spent = ended === 1 && total !== undefined ? (total - accounted) * MS_PER_TICK : null;
  accounted = total ?? accounted;
  ended = 0;
  settled = undefined;
  return spent;
}

function childrenTicks(): number | undefined {
  try {
    own ??= new KeptFile('/proc/self/stat');
    return parseChildren(own.read());
  } catch {
    return undefined;
  }
}

/** Ticks of the children that a process has waited for, cutime and cstime of its /proc/PID/stat (proc(5)). Pure. */
export function parseChildren(stat: string): number {
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(rest[13]) + Number(rest[14]);
}
