/** A manager 1.4 as far as its agents see it: calls through the genuine library, events read by independent ones. */
import { expect } from 'vitest';
import { type Ending, type ManagerEvent, type ManagerSide } from './python.js';

/** What a manager sends to create a kernel. */
export const kernelConfig = (
  lang: string,
  change: { readonly mem?: string; readonly cpu?: string; readonly environ?: object; readonly mounts?: unknown[] } = {},
) => ({
  lang,
  limits: { cpu_slot: change.cpu ?? '1', mem_slot: change.mem ?? '0.25', gpu_slot: '0' },
  mounts: change.mounts ?? [],
  environ: change.environ ?? {},
});

export interface Executed {
  readonly runId: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly options: unknown;
  readonly files: readonly { readonly name: string; readonly url: string }[];
  readonly console: readonly (readonly [type: string, data: unknown])[];
}

export class Manager {
  readonly #side: ManagerSide;
  address: string;
  #listening: { readonly events: AsyncIterable<ManagerEvent>; close(): Promise<void> } | undefined;
  /** All events so far, in order. */
  readonly seen: ManagerEvent[] = [];
  #waiting: (() => void)[] = [];

  constructor(side: ManagerSide, address: string) {
    this.#side = side;
    this.address = address;
  }

  /** Listens for events; resolves with `host:port`. */
  async listen(port?: number): Promise<string> {
    const listening = await this.#side.listen(port);
    this.#listening = listening;
    void (async () => {
      for await (const event of listening.events) {
        this.seen.push(event);
        for (const wake of this.#waiting.splice(0)) wake();
      }
    })();
    return `127.0.0.1:${listening.port}`;
  }

  async deafen(): Promise<void> {
    await this.#listening?.close();
  }

  /** The first event that fits, at or after place `from` of {@link seen}. */
  async event(name: string, fits: (event: ManagerEvent) => boolean = () => true, from = 0): Promise<ManagerEvent> {
    for (;;) {
      const found = this.seen.slice(from).find((event) => event.name === name && fits(event));
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  terminated(kernelId: string, from = 0): Promise<ManagerEvent> {
    return this.event('kernel_terminated', ({ args }) => args[0] === kernelId, from);
  }

  /** The value that a call gave; fails with Python's exception otherwise. */
  async call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const ending = await this.ending(method, ...args);
    if (ending.error) throw new Error(`${method}: ${ending.error.repr}`);
    return ending.value;
  }

  /** How a call ended, within the time that the manager gives it (seed spec 5.3). */
  ending(method: string, ...args: readonly unknown[]): Promise<Ending> {
    const timeout =
      { create_kernel: 3, restart_kernel: 30, execute: 300, upload_file: 180, download_file: 180, destroy_kernel: 10 }[method] ??
      5;
    return this.#side.call(this.address, method, { args, timeout });
  }

  async create(kernelId: string, config: ReturnType<typeof kernelConfig>): Promise<Record<string, unknown>> {
    return (await this.call('create_kernel', kernelId, config)) as Record<string, unknown>;
  }

  async execute(kernelId: string, runId: string | null, mode: string, code = '', opts: object = {}): Promise<Executed> {
    return (await this.call('execute', 2, kernelId, runId, mode, code, opts)) as Executed;
  }

  /** Calls again and again until the run has finished; all that it printed on standard output, and the last result. */
  async follow(
    kernelId: string,
    runId: string,
    first: Executed,
  ): Promise<{ stdout: string; statuses: string[]; last: Executed }> {
    let last = first;
    let stdout = textOf(first, 'stdout');
    const statuses = [first.status];
    while (last.status !== 'finished' && last.status !== 'exec-timeout') {
      expect(last.status).not.toBe('waiting-input');
      last = await this.execute(kernelId, runId, 'continue');
      stdout += textOf(last, 'stdout');
      statuses.push(last.status);
    }
    return { stdout, statuses, last };
  }

  async run(kernelId: string, runId: string, mode: string, code: string, opts: object = {}) {
    return this.follow(kernelId, runId, await this.execute(kernelId, runId, mode, code, opts));
  }
}

export const textOf = ({ console }: Executed, type: string): string =>
  console.flatMap(([kind, data]) => (kind === type ? [String(data)] : [])).join('');
