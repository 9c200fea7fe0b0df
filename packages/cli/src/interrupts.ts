/** Signals to this program, handed to whoever is at work. */
import { constants } from 'node:os';

/** Ends a command without a message; the exit code says why. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: InterruptSignal) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** SIGPIPE stands for a closed standard output. */
export const INTERRUPT_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const;
export type InterruptSignal = (typeof INTERRUPT_SIGNALS)[number];

/** One handler at a time: the last who took over. */
export class Interrupts {
  #handler: (signal: InterruptSignal) => void;

  /** @param fallback what a signal does while nobody has taken over */
  constructor(fallback: (signal: InterruptSignal) => void) {
    this.#handler = fallback;
  }

  signal(signal: InterruptSignal): void {
    this.#handler(signal);
  }

  /** Takes over; call the result to give back. */
  take(handler: (signal: InterruptSignal) => void): () => void {
    const before = this.#handler;
    this.#handler = handler;
    return () => {
      this.#handler = before;
    };
  }
}
