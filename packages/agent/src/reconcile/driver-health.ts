/** What is known about the driver itself. */
import { isBerthError } from '@berth/wire';

export interface DriverState {
  readonly ok: boolean;
  /** Why it cannot be used; empty when it can. */
  readonly detail: string;
}

/** Remembers how the last complete question to the driver went. */
export class DriverHealth {
  #state: DriverState = { ok: true, detail: '' };

  get state(): DriverState {
    return this.#state;
  }

  /** True when it was away before. */
  good(): boolean {
    const wasAway = !this.#state.ok;
    this.#state = { ok: true, detail: '' };
    return wasAway;
  }

  /** True when that is news. */
  bad(error: unknown): boolean {
    const wasGood = this.#state.ok;
    const fix = isBerthError(error) ? ` ${error.fix}` : '';
    this.#state = { ok: false, detail: `${error instanceof Error ? error.message : String(error)}.${fix}` };
    return wasGood;
  }
}
