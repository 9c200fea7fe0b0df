/** What is told of a process. All of it but the numbers comes from the user's programs. */
import { readFileSync } from 'node:fs';
import type { ProcessView, RunId } from '@berth/wire';
import { MS_PER_TICK, type ProcessEntry } from './table.js';

/** Of a command line; longer ones are cut. */
const LONGEST_COMMAND = 256;

/** Undefined when it is gone. */
export function describe({ pid, parent, used }: ProcessEntry, runId: RunId | null): ProcessView | undefined {
  const status = read(pid, 'status');
  if (status === undefined) return undefined;
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return {
    pid,
    parent,
    runId,
    user: field('Uid'),
    command: commandOf(pid, status),
    cpuMs: used * MS_PER_TICK,
    memoryBytes: field('VmRSS') * 1024,
  };
}

/** Words with blanks between them; the name in brackets where a process has taken its words away. */
function commandOf(pid: number, status: string): string {
  const words = (read(pid, 'cmdline') ?? '').replace(/\0+$/, '').replaceAll('\0', ' ');
  return (words || `[${/^Name:\s+(.*)$/m.exec(status)?.[1] ?? ''}]`).slice(0, LONGEST_COMMAND);
}

function read(pid: number, file: 'status' | 'cmdline'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
