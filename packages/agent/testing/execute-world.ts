/** An executor over a kernel service in memory, on a clock that the test turns. */
import { VirtualClock } from '@berth/base';
import { completeKernelSpec, type KernelId, type KernelSpec, type SessionId } from '@berth/wire';
import { Executor, type ExecuteAnswer, type ExecuteCall } from '../src/manager-link/v1_4/execute/executor.js';
import type { ExecutorOptions } from '../src/manager-link/v1_4/execute/options.js';
import type { ExecuteResult } from '../src/manager-link/v1_4/execute/shape.js';
import { toAnnotations } from '../src/manager-link/v1_4/notes.js';
import { FakeKernelService } from './fake-kernel-service.js';
import type { Script } from './fake-scripts.js';
import type { FakeRun } from './fake-run.js';

export const KERNEL = 'k1' as KernelId;

/** Lets all go on that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface ExecuteWorldOptions {
  readonly lang?: string;
  readonly execTimeoutSeconds?: number;
  readonly spec?: Partial<KernelSpec>;
  readonly scripts?: Readonly<Record<string, Script>>;
  readonly executor?: Partial<ExecutorOptions>;
}

export class ExecuteWorld {
  readonly clock = new VirtualClock();
  readonly service: FakeKernelService;
  /** Kernels that were asked for and are unknown; kernels whose run took too long. */
  readonly unknown: string[] = [];
  readonly timedOut: string[] = [];
  executor: Executor;
  readonly #options: ExecuteWorldOptions;

  private constructor(options: ExecuteWorldOptions) {
    this.#options = options;
    this.service = new FakeKernelService({ '/bin/sh': () => {}, quiet: () => {}, ...options.scripts });
    this.executor = this.#newExecutor();
  }

  static async start(options: ExecuteWorldOptions = {}): Promise<ExecuteWorld> {
    const world = new ExecuteWorld(options);
    const { lang = 'python:3.6-debian', execTimeoutSeconds = 0, spec = {} } = options;
    const notes = { lang, execTimeoutSeconds, shares: { cpu: '1', mem: '1', gpu: '0' }, terminal: null };
    await world.service.createKernel({
      kernelId: KERNEL,
      sessionId: KERNEL as string as SessionId,
      spec: completeKernelSpec({ image: `lablup/kernel-${lang}`, annotations: toAnnotations(notes), ...spec }),
    });
    return world;
  }

  /** The agent is killed and comes back. */
  async restart(): Promise<void> {
    await this.executor.stop();
    this.executor = this.#newExecutor();
  }

  /** Runs of the kernel, oldest first. */
  get runs(): readonly FakeRun[] {
    return [...this.service.kernels.get(KERNEL)!.runs.values()];
  }

  call(call: Partial<ExecuteCall>): Promise<ExecuteAnswer> {
    return this.executor.execute({
      apiVersion: 2,
      kernelId: KERNEL,
      runId: 'r1',
      mode: 'continue',
      code: '',
      opts: null,
      ...call,
    });
  }

  query(runId: string, code: string): Promise<ExecuteAnswer> {
    return this.call({ runId, mode: 'query', code });
  }

  async advance(ms: number): Promise<void> {
    await settled();
    // In steps, so that what a timer sets off can set the next one.
    for (let left = ms; left > 0; left -= 250) {
      this.clock.advance(Math.min(250, left));
      await settled();
    }
  }

  /** Long enough for every timer that is left. */
  async passed(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await settled();
      this.clock.advance(600_000);
    }
  }

  /** The result of a call that needs no time, or the 2 s that it may take. Its reply is handed over, unless `delivered` says otherwise. */
  async told(answer: Promise<ExecuteAnswer>, delivered = true): Promise<Shown> {
    let over = false;
    const done = () => (over = true);
    void answer.then(done, done);
    for (let turn = 0; turn < 100 && !over; turn++) await this.advance(250);
    const { result, delivered: settle } = await answer;
    settle(delivered);
    await settled();
    return shown(result);
  }

  #newExecutor(): Executor {
    return new Executor({
      service: this.service,
      clock: this.clock,
      unknownKernel: (id) => this.unknown.push(id),
      execTimeout: (id) => this.timedOut.push(id),
      ...this.#options.executor,
    });
  }
}

/** What a test looks at: status, exit code, and the console as text. */
export interface Shown {
  readonly status: string | null;
  readonly exitCode: number | null;
  readonly text: string;
  readonly result: ExecuteResult | null;
}

function shown(result: ExecuteResult | null): Shown {
  const items = result && 'console' in result ? result.console : [];
  const text = items.map(([, data]) => (typeof data === 'string' ? data : `<${data[0]}>`)).join('');
  return { status: result?.status ?? null, exitCode: result?.exitCode ?? null, text, result };
}
