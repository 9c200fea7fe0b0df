import { type Clock } from '@berth/base';
import { type Logger } from '../../ports/logger.js';

const EVERY_MS = 60_000;

/** Counts by kind, and warns of each kind at most once a minute: what strangers send must not fill a disk. */
export class QuietWarnings {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  readonly #told = new Map<string, { readonly at: number; readonly count: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** How often each kind was noted. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** `kind` is one of a few words, never something that a stranger chose. Answers whether a line was written. */
  note(kind: string, message: string, fields: object = {}): boolean {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const last = this.#told.get(kind);
    const now = this.#clock.monotonic();
    if (last && now - last.at < EVERY_MS) return false;
    this.#told.set(kind, { at: now, count });
    this.#logger.warn({ ...fields, kind, count, sinceLastLine: count - (last?.count ?? 0) }, message);
    return true;
  }
}
