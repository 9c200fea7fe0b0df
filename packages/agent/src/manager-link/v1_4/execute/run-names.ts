/**
 * Ids of runs. The manager chooses any text; the runner wants its own alphabet and never takes an id twice. So a run is called
 * `exec.<start in base 36>.<id>`: that tells our runs from those of other fronts, newer from older, and when each was started,
 * also to an agent that has forgotten all. Pure.
 */
import { createHash } from 'node:crypto';
import type { RunId } from '@berth/wire';

const NAME = /^exec\.([0-9a-z]{1,9})\.(.+)$/;
const FITS = /^[A-Za-z0-9_.-]{1,48}$/;

export interface RunName {
  /** Equal for equal ids of the manager. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The id itself where its alphabet allows, else a hash of it. */
export const keyOf = (given: string): string =>
  FITS.test(given) ? given : createHash('sha256').update(given).digest('hex').slice(0, 40);

export const runIdOf = ({ key, startedAt }: RunName): RunId => `exec.${Math.floor(startedAt).toString(36)}.${key}` as RunId;

/** Undefined for a run that execute did not start. */
export function runNameOf(id: string): RunName | undefined {
  const [, start, key] = NAME.exec(id) ?? [];
  return start === undefined || key === undefined ? undefined : { key, startedAt: Number.parseInt(start, 36) };
}
