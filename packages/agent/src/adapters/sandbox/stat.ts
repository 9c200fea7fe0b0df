/** A process by a name that is never given to another: pid, start and boot of the machine. */
import { readFileSync } from 'node:fs';

export interface ProcessName {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly started: string;
  readonly boot: string;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly started: string;
  readonly state: string;
  readonly alive: boolean;
}

/** The text of /proc/PID/stat (proc(5)). The name in it may hold anything. Undefined when it is no such text. Pure. */
export function parseStat(text: string): Stat | undefined {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const [state, parent] = text.slice(nameEnd + 2).split(' ');
  const started = text.slice(nameEnd + 2).split(' ')[19];
  if (nameEnd < 0 || !Number.isInteger(pid) || !state || !parent || !started) return undefined;
  const command = text.slice(text.indexOf('(') + 1, nameEnd);
  return { pid, parent: Number(parent), command, started, state, alive: state !== 'Z' && state !== 'X' };
}

/** One process; undefined when there is none. */
export function statOf(pid: number): Stat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

let boot: string | undefined;

export const bootOfMachine = (): string => (boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());

/** A line with the boot id, then one as in /proc/PID/stat. Undefined when it is not whole yet. Pure. */
export function parseProcessName(text: string): ProcessName | undefined {
  const [id, line, end] = text.split('\n');
  const stat = id && line && end !== undefined ? parseStat(line) : undefined;
  return stat && { pid: stat.pid, started: stat.started, boot: id! };
}

/** True while this very process lives; one that only waits to be reaped does not. */
export function isAlive({ pid, started, boot }: ProcessName): boolean {
  const stat = boot === bootOfMachine() ? statOf(pid) : undefined;
  return stat !== undefined && stat.alive && stat.started === started;
}

/** Children of a process; undefined where the system does not tell. */
export function childrenOf(pid: number): readonly number[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return undefined;
  }
}
