/** The processes that there are, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { KeptFile } from './kept-file.js';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks since boot: with the pid it names a process for good, since pids come back. */
  readonly started: number;
  /** Clock ticks of CPU that it and the children it has waited for have used. */
  readonly used: number;
  /** False for what only waits to be reaped. A process whose first thread has ended shows as a zombie while others live on: it is alive. */
  readonly alive: boolean;
}

/** Reads the text of /proc/PID/stat. The name in it may hold anything, also parentheses and line ends. Undefined when it is no such text. */
export function parseStat(text: string): ProcessEntry | undefined {
  const nameEnd = text.lastIndexOf(')');
  if (nameEnd < 0) return undefined;
  const pid = Number.parseInt(text, 10);
  const rest = text.slice(nameEnd + 2).split(' ');
  const [state, parent, , session] = rest;
  const [threads, , started] = rest.slice(17);
  if (!state || !parent || !session || !started || !Number.isInteger(pid)) return undefined;
  // utime, stime, cutime, cstime (proc(5)).
  const used = rest.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  const alive = state !== 'X' && (state !== 'Z' || Number(threads) > 1);
  return { pid, parent: Number(parent), session: Number(session), started: Number(started), used, alive };
}

/** One process; undefined when it is gone. */
export function readProcess(pid: number): ProcessEntry | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** All living processes; those that end while we look may be missing. */
export function readProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = readProcess(Number(name));
    if (entry?.alive) entries.push(entry);
  }
  return entries;
}

/** A name for a process that is never used again. */
export const nameOf = ({ pid, started }: ProcessEntry): string => `${pid}@${started}`;

let uptime: KeptFile | undefined;

/** Clock ticks since boot, now: what starts from here on has no smaller {@link ProcessEntry.started}. */
export function ticksNow(): number {
  uptime ??= new KeptFile('/proc/uptime');
  return Math.floor(Number.parseFloat(uptime.read()) * TICKS_PER_SECOND);
}

/** USER_HZ, which Linux keeps at 100 for programs whatever it uses itself. */
const TICKS_PER_SECOND = 100;
export const MS_PER_TICK = 1000 / TICKS_PER_SECOND;
