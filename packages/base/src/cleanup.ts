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
  #done: Promise<void> | undefined;

  /** Registers an undo; idempotent undos only. */
  add(name: string, fn: () => Promise<void> | void): void {
    if (this.#done) {
      const late = { name, fn };
      this.#done = this.#done.then(
        () => runAll([late]),
        async (earlier: unknown) => {
          await runAll([late]).catch(() => {});
          throw earlier;
        },
      );
      this.#done.catch(() => {});
      return;
    }
    this.#undos.push({ name, fn });
  }

  /** Forgets all undos: what was acquired has another owner now. */
  release(): void {
    this.#undos = [];
  }

  /** Undoes everything. Rejects with an AggregateError that names what failed; the rest was still undone. */
  run(): Promise<void> {
    if (!this.#done) {
      const undos = this.#undos.reverse();
      this.#undos = [];
      this.#done = runAll(undos);
      this.#done.catch(() => {});
    }
    return this.#done;
  }
}

async function runAll(undos: readonly Undo[]): Promise<void> {
  const errors: Error[] = [];
  for (const { name, fn } of undos) {
    try {
      await fn();
    } catch (error) {
      errors.push(
        new Error(`undo of ${name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error }),
      );
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map((e) => e.message).join('; '));
}
