/** One row of a state machine: in `from`, on `on`, go to `to`. */
export interface Transition<State extends string, Event extends string> {
  readonly from: State;
  readonly on: Event;
  readonly to: State;
}

/**
 * A state machine as a table. An event without a row for the present state is refused (`undefined`), never guessed.
 * Two rows for the same state and event are an error at construction.
 */
export class TransitionTable<State extends string, Event extends string> {
  readonly rows: readonly Transition<State, Event>[];
  readonly #next = new Map<string, State>();

  constructor(rows: readonly Transition<State, Event>[]) {
    this.rows = rows;
    for (const { from, on, to } of rows) {
      const key = `${from} ${on}`;
      if (this.#next.has(key)) throw new Error(`two rows for ${from} on ${on}`);
      this.#next.set(key, to);
    }
  }

  /** The next state, or undefined when the table has no such row. */
  next(from: State, on: Event): State | undefined {
    return this.#next.get(`${from} ${on}`);
  }
}
