/** Why a run ended. Pure. */
import type { FinishReason } from '@berth/wire';
import type { ExitStatus } from '../processes/launch.js';
import type { LimitCounters, Throttling } from '../processes/limits.js';

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

/** Less wall time than this is not slow; less of it held back is not the limit's doing. */
const SLOW_MS = 1000;
const MUCH = 0.5;

/** Share of the time from `before` to `after` that the CPU limit took away; null when it cannot be told. */
export function throttledShare(before: Throttling | undefined, after: Throttling | undefined): number | null {
  if (!before || !after) return null;
  const periods = after.periods - before.periods;
  return periods > 0 ? Math.min(1, (after.throttled - before.throttled) / periods) : 0;
}

/** Why a run that ended of itself took long; empty when its limits have no part in it. */
export function whySlow(reason: FinishReason, wallMs: number, throttled: number | null): string {
  if (reason !== 'exited' || wallMs < SLOW_MS || throttled === null || throttled < MUCH) return '';
  return `The CPU limit of the session held it back in ${Math.round(throttled * 100)} % of its time.`;
}

/** One line for a person; empty when the reason says it all. */
export const detailOf = (reason: FinishReason): string => DETAILS[reason] ?? '';
