/** One undo, by name so that a failure can say what failed. */
interface Undo {
  readonly name: string;
  readonly fn: () => Promise<void> | void;
}

/**
 * A stack of undos. Each acquire registers its undo in the next line. `run` executes them in reverse order, once, whatever
 * fails, and is never cancelled with the request that acquired. What is added after `run` is undone on the spot: an acquire
 * that finishes late (the race between creation and abort) leaves nothing behind.
 */
export class CleanupStack {
  #undos: Undo[] = [];
  #errors: Error[] = [];
  #done: Promise<void> | undefined;

  /** Registers an undo; idempotent undos only. */
  add(name: string, fn: () => Promise<void> | void): void {
    if (this.#done) void this.#undo([{ name, fn }]);
    else this.#undos.push({ name, fn });
  }

  /** Forgets all undos: what was acquired has another owner now. */
  release(): void {
    this.#undos = [];
  }

  /** Undoes everything. Rejects with an AggregateError that names what failed; the rest was still undone. */
  run(): Promise<void> {
    return this.#done ?? this.#undo(this.#undos.reverse());
  }

  /** After what is being undone already; rejects with the failures of both. */
  #undo(undos: readonly Undo[]): Promise<void> {
    const undoAll = async (): Promise<void> => {
      for (const { name, fn } of undos) {
        try {
          await fn();
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          this.#errors.push(new Error(`undo of ${name} failed: ${why}`, { cause: error }));
        }
      }
      if (this.#errors.length > 0) throw new AggregateError(this.#errors, this.#errors.map((e) => e.message).join('; '));
    };
    this.#done = (this.#done ?? Promise.resolve()).then(undoAll, undoAll);
    this.#done.catch(() => {});
    return this.#done;
  }
}
