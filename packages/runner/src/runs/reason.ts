/** Why a run ended. Pure. */
import type { FinishReason } from '@berth/wire';
import type { ExitStatus } from '../processes/launch.js';
import type { LimitCounters } from '../processes/limits.js';

/** What somebody wanted of a run. */
export type AskedEnd = 'interrupted' | 'killed' | 'time-limit';

export interface EndFacts extends ExitStatus {
  /** In the order in which it was asked for. */
  readonly asked: readonly AskedEnd[];
  readonly before: LimitCounters;
  readonly after: LimitCounters;
  readonly diskFull: boolean;
}

/** The true reason: first what was asked for and took effect, then the kernel's limits, then what the program did itself. */
export function reasonOf({ exitCode, signal, asked, before, after, diskFull }: EndFacts): FinishReason {
  if (exitCode === 0) return 'exited';
  // Nothing survives SIGKILL to show that an interrupt was heeded.
  const effective = asked.find((end) => end !== 'interrupted' || signal !== 'SIGKILL');
  if (effective) return effective;
  if (after.oom > before.oom) return 'oom';
  if (after.pids > before.pids) return 'pids-limit';
  if (diskFull) return 'disk-full';
  return signal === null ? 'exited' : 'signal';
}

const DETAILS: Partial<Record<FinishReason, string>> = {
  oom: 'The memory limit of the session was reached.',
  'pids-limit': 'The limit of processes and threads of the session was reached.',
  'disk-full': 'There is no space left in /home/work or /tmp.',
  'time-limit': 'The time limit of the run was reached.',
};

/** One line for a person; empty when the reason says it all. */
export const detailOf = (reason: FinishReason): string => DETAILS[reason] ?? '';
