/** The time that a kernel has: until no agent was there for too long, or its lifetime is over. */
import type { Clock, Timer } from '@berth/base';

export type LeaseEnd = 'dead-man' | 'lifetime';

/** Time for the first agent to come. It made the kernel, so it is either there at once or dead. */
const UNCLAIMED_SECONDS = 600;
/** Timers above this run off at once. */
const LONGEST_MS = 0x7fff_ffff;
/** The dead-man counts in steps of at most this: one that took much longer was slept through, in a paused kernel, and does not count. */
const STEP_MS = 10_000;
const SLEPT_MS = 1000;

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
    this.#deadMan = this.#connected ? undefined : this.#awake(this.#deadManMs, () => this.#onEnd('dead-man'));
  }

  /**
   * As `#after`, in time that this process really had. Else a kernel that was paused while its agent was away would end the moment it goes
   * on, before any agent could answer.
   */
  #awake(ms: number, fn: () => void): Timer {
    let timer: Timer;
    const wait = (left: number): void => {
      const step = Math.min(left, STEP_MS);
      const began = this.#clock.monotonic();
      timer = this.#clock.after(step, () => {
        const slept = this.#clock.monotonic() - began > step + SLEPT_MS;
        if (!slept && left <= step) fn();
        else wait(slept ? left : left - step);
      });
    };
    wait(ms);
    return { cancel: () => timer.cancel() };
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
