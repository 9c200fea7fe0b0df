/**
 * Ids of runs. The manager chooses any text; the runner wants its own alphabet and never takes an id twice. So a run is called
 * `exec.<time in base 36>.<id>`: that tells our runs from those of other fronts, newer from older, and since when each is wanted, also
 * to an agent that has forgotten all; and to start it again is to find it. Pure.
 */
import { createHash } from 'node:crypto';
import type { RunId } from '@berth/wire';

const NAME = /^exec\.([0-9a-z]{1,9})\.(.+)$/;
const FITS = /^[A-Za-z0-9_.-]{1,48}$/;

export interface RunName {
  /** Equal for equal ids of the manager. */
  readonly key: string;
  /** When it was asked for, milliseconds since the epoch. */
  readonly since: number;
}

/** The id itself where its alphabet allows, else a hash of it. */
export const keyOf = (given: string): string =>
  FITS.test(given) ? given : createHash('sha256').update(given).digest('hex').slice(0, 40);

export const runIdOf = ({ key, since }: RunName): RunId => `exec.${Math.floor(since).toString(36)}.${key}` as RunId;

/** Undefined for a run that execute did not start. */
export function runNameOf(id: string): RunName | undefined {
  const [, time, key] = NAME.exec(id) ?? [];
  return time === undefined || key === undefined ? undefined : { key, since: Number.parseInt(time, 36) };
}
