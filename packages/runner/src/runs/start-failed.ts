/** Ends of runs whose program could not be started. Pure. */
import type { Finished } from '@berth/wire';
import { detailOf } from './reason.js';

/** How a run ended, but for what it took. */
export type End = Omit<Finished, 'wallMs' | 'usage'>;

/** 127: there is no such program; 126: there is one, but it cannot be run. */
export const startFailed = (exitCode: 126 | 127, detail: string): End => ({
  exitCode,
  signal: null,
  reason: 'start-failed',
  detail,
  stateLost: false,
});

/** What the system's refusal to start `program` means. */
export function notStarted(program: string, { code, message }: NodeJS.ErrnoException): End {
  if (code === 'EAGAIN') return { ...startFailed(126, detailOf('pids-limit')), reason: 'pids-limit' };
  return startFailed(code === 'ENOENT' ? 127 : 126, `${JSON.stringify(program)} could not be started: ${message}.`);
}
