/**
 * One queue per key: tasks under the same key run one after another in the order they came, tasks under different keys run
 * side by side. A failing task does not stop its successors. An empty queue takes no memory.
 */
export class KeyedMailbox {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `task` after all earlier tasks of `key`. */
  post<T>(key: string, task: () => Promise<T> | T): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(task, task);
    const tail = mine.catch(() => {});
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return mine;
  }

  /** Number of keys with work under way. */
  get size(): number {
    return this.#tails.size;
  }

  /** Resolves when all that was posted so far has run. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
