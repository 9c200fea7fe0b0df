/** What a supervised loop reports when it fails. */
export type TaskFailure = (name: string, error: unknown) => void;

/**
 * Background work with an owner. Nothing is left running after `stop`, and no rejection goes unseen: an unowned promise is
 * how daemons leak.
 */
export class OwnedTasks {
  readonly #controller = new AbortController();
  readonly #running = new Map<Promise<void>, string>();

  readonly #onFailure: TaskFailure;

  constructor(onFailure: TaskFailure) {
    this.#onFailure = onFailure;
  }

  /** Aborts when the owner stops. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Names of what runs now. */
  get names(): readonly string[] {
    return [...this.#running.values()];
  }

  /** Starts `fn`. Its failure goes to the failure handler, unless the owner is stopping. */
  start(name: string, fn: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const task = (async () => {
      try {
        await fn(this.signal);
      } catch (error) {
        if (!this.signal.aborted) this.#onFailure(name, error);
      }
    })();
    this.#running.set(task, name);
    void task.finally(() => this.#running.delete(task));
  }

  /** Aborts all and waits until each has ended. */
  async stop(): Promise<void> {
    this.#controller.abort(new Error('stopped'));
    while (this.#running.size > 0) await Promise.all(this.#running.keys());
  }
}
