/** What is known about a store on the network, and which news about it is worth a line in the log. Times are monotonic milliseconds. */

export interface StoreState {
  readonly ok: boolean;
  /** Why it cannot be used; empty when it can. */
  readonly detail: string;
}

/**
 * Many callers try at once, so a failure may be told late: one of an attempt that began before the last success says nothing new.
 * So an outage makes one `away` and one `back`, however many are affected.
 */
export class StoreHealth {
  #state: StoreState = { ok: true, detail: '' };
  #goodAt = -Infinity;
  #awaySince = 0;

  get state(): StoreState {
    return this.#state;
  }

  /** An attempt succeeded at `now`. For how long the store was away, or undefined when it was not. */
  good(now: number): number | undefined {
    const wasAway = !this.#state.ok;
    this.#goodAt = now;
    this.#state = { ok: true, detail: '' };
    return wasAway ? now - this.#awaySince : undefined;
  }

  /** An attempt that began at `began` failed at `now`. True when that is news. */
  bad(began: number, now: number, detail: string): boolean {
    if (began < this.#goodAt) return false;
    const wasGood = this.#state.ok;
    if (wasGood) this.#awaySince = now;
    this.#state = { ok: false, detail };
    return wasGood;
  }
}
