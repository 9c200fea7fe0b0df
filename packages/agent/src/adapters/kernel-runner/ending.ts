/** How a run ended, from what the kernel-runner says and what was asked for. Pure. */
import { constants } from 'node:os';
import type { Finished, RunSignal } from '@berth/wire';

/** What somebody asked of a run; the first one counts. */
export type Asked = 'interrupted' | 'killed' | 'time-limit';

export const ASKED_BY: Readonly<Record<RunSignal, Asked>> = { interrupt: 'interrupted', terminate: 'killed', kill: 'killed' };

const SIGNALS = new Map<number, string>(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/**
 * `exitCode` as the runner gives it: -n is the signal n (as Python's subprocess tells it), and 127 what follows a failed build.
 * `buildCode` is the build's; 0 when there was none.
 */
export function endOf(exitCode: number, asked: Asked | null, buildCode: number): Omit<Finished, 'wallMs'> {
  const detail = exitCode === 127 && buildCode !== 0 ? `the build failed with code ${buildCode}` : '';
  const common = { detail, stateLost: false };
  if (exitCode >= 0) return { ...common, exitCode: Math.min(exitCode, 255), signal: null, reason: asked ?? 'exited' };
  const signal = SIGNALS.get(-exitCode) ?? `signal ${-exitCode}`;
  return { ...common, exitCode: null, signal, reason: asked ?? 'signal' };
}

/** Of a run that was never sent. */
export const endOfUnsent = (asked: Asked): Omit<Finished, 'wallMs'> => ({
  exitCode: null,
  signal: asked === 'interrupted' ? 'SIGINT' : 'SIGKILL',
  reason: asked,
  detail: 'it had not begun',
  stateLost: false,
});

/** Of a run whose end went down with an earlier life of the agent: the kernel is idle, and has not said how it ended. */
export const endOfLost = (): Omit<Finished, 'wallMs'> => ({
  exitCode: 1,
  signal: null,
  reason: 'repl-lost',
  detail: 'the agent was killed while the run was handed over or ended; how it ended is not known',
  stateLost: false,
});
