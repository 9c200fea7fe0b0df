/** What waits to be told to the manager. Pure: no socket, no clock. */

export interface QueuedEvent {
  readonly name: string;
  readonly frames: readonly Buffer[];
  /** Must reach the manager, if late. Other events are worth sending only fresh: at most one of a name waits. */
  readonly keep: boolean;
}

export class EventQueue {
  readonly #limit: number;
  #events: QueuedEvent[] = [];
  #lost = 0;

  /** `limit`: number of events that wait at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#events.length;
  }

  /** Kept events that had to go because the queue held nothing else. */
  get lost(): number {
    return this.#lost;
  }

  /** A fresh event takes the place of the earlier one of its name, at the end. */
  push(event: QueuedEvent): void {
    if (!event.keep) this.#events = this.#events.filter(({ keep, name }) => keep || name !== event.name);
    this.#events.push(event);
    this.#fit();
  }

  peek(): QueuedEvent | undefined {
    return this.#events[0];
  }

  /** Removes the event, wherever it stands by now. */
  remove(event: QueuedEvent): void {
    const index = this.#events.indexOf(event);
    if (index >= 0) this.#events.splice(index, 1);
  }

  /** Puts kept events back in front, in their order: they were sent, and may not have arrived. */
  restore(events: readonly QueuedEvent[]): void {
    this.#events.unshift(...events.filter(({ keep }) => keep));
    this.#fit();
  }

  #fit(): void {
    while (this.#events.length > this.#limit) {
      const stale = this.#events.findIndex(({ keep }) => !keep);
      if (stale < 0) this.#lost++;
      this.#events.splice(Math.max(stale, 0), 1);
    }
  }
}
