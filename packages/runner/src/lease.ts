/** The time that a kernel has: until no agent was there for too long, or its lifetime is over. */
import type { Clock, Timer } from '@berth/base';

export type LeaseEnd = 'dead-man' | 'lifetime';

/** Time for the first agent to come. It made the kernel, so it is either there at once or dead. */
const UNCLAIMED_SECONDS = 600;
/** Timers above this run off at once. */
const LONGEST_MS = 0x7fff_ffff;

export class Lease {
  readonly #clock: Clock;
  readonly #onEnd: (end: LeaseEnd) => void;
  #deadManMs = UNCLAIMED_SECONDS * 1000;
  #deadMan: Timer | undefined;
  #lifetime: Timer | undefined;
  #connected = false;

  /** The dead-man timer runs from now on. */
  constructor(clock: Clock, onEnd: (end: LeaseEnd) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#watch();
  }

  /** The first welcome came. Seconds; `lifetimeSeconds` counts from now. */
  begin({ deadManSeconds, lifetimeSeconds }: { deadManSeconds: number; lifetimeSeconds: number | null }): void {
    this.#deadManMs = deadManSeconds * 1000;
    if (lifetimeSeconds !== null) this.#lifetime = this.#after(lifetimeSeconds * 1000, () => this.#onEnd('lifetime'));
  }

  /** An agent came or went. */
  connected(connected: boolean): void {
    this.#connected = connected;
    this.#watch();
  }

  stop(): void {
    this.#deadMan?.cancel();
    this.#lifetime?.cancel();
  }

  #watch(): void {
    this.#deadMan?.cancel();
    this.#deadMan = this.#connected ? undefined : this.#after(this.#deadManMs, () => this.#onEnd('dead-man'));
  }

  /** A timer of any length. */
  #after(ms: number, fn: () => void): Timer {
    const until = this.#clock.monotonic() + ms;
    let timer: Timer;
    const wait = () => {
      const left = until - this.#clock.monotonic();
      timer = this.#clock.after(Math.min(Math.max(left, 0), LONGEST_MS), () => (left <= LONGEST_MS ? fn() : wait()));
    };
    wait();
    return { cancel: () => timer.cancel() };
  }
}
