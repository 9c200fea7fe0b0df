/**
 * Completions carry no number, and a runner may not answer one at all. But commands other than runs are answered in their order: so a
 * `status` goes behind each, and its answer closes it. A late one then finds nobody, or the caller that it belongs to.
 */
import { systemClock, type Clock } from '@berth/base';

/** A runner that is busy may take longer; its caller gets nothing then. */
const PATIENCE_MS = 2000;

interface Asked {
  matches: readonly string[];
  readonly answered: (matches: readonly string[]) => void;
}

export class Completions {
  readonly #send: (type: string, text: string) => void;
  readonly #clock: Clock;
  /** Oldest first; also those whose caller gave up. */
  readonly #asked: Asked[] = [];

  constructor(send: (type: string, text: string) => void, clock: Clock = systemClock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Names for a `complete` payload; empty when the runner gives none, or none in time. */
  ask(payload: string): Promise<readonly string[]> {
    this.#send('complete', payload);
    return new Promise((resolve) => {
      const timer = this.#clock.after(PATIENCE_MS, () => resolve([]));
      this.#push((matches) => {
        timer.cancel();
        resolve(matches);
      });
    });
  }

  /** Resolves when the runner answers. */
  ping(): Promise<void> {
    return new Promise((resolve) => this.#push(() => resolve()));
  }

  completion(matches: readonly string[]): void {
    const [oldest] = this.#asked;
    if (oldest) oldest.matches = matches;
  }

  /** More than were asked for may come: those that an earlier life of the agent asked for. */
  status(): void {
    const oldest = this.#asked.shift();
    oldest?.answered(oldest.matches);
  }

  /** Nothing will be answered any more. */
  giveUp(): void {
    for (const { answered } of this.#asked.splice(0)) answered([]);
  }

  #push(answered: Asked['answered']): void {
    this.#asked.push({ matches: [], answered });
    this.#send('status', '');
  }
}
