/** The channel port on a kernel-runner of 2018. */
import { setImmediate } from 'node:timers/promises';
import { DeadlineError, withDeadline, type Clock } from '@berth/base';
import {
  BerthError,
  type AttachOptions,
  type Hello,
  type RunId,
  type RunnerMethod,
  type RunnerMethods,
  type RunStream,
} from '@berth/wire';
import type { RunnerChannel } from '../../ports/channel.js';
import { completionRequest } from './commands.js';
import { Desk } from './desk.js';
import type { RunList } from './run-list.js';
import type { RunnerSockets } from './sockets.js';

const CALL_MS = 10_000;
/** Messages that are dealt with in a row. */
const TURN = 64;

type Handlers = {
  readonly [M in RunnerMethod]: (
    params: RunnerMethods[M]['params'],
  ) => RunnerMethods[M]['result'] | Promise<RunnerMethods[M]['result']>;
};

export class KernelRunnerChannel implements RunnerChannel {
  readonly hello: Hello;
  readonly closed: Promise<string>;
  readonly #sockets: RunnerSockets;
  readonly #runs: RunList;
  readonly #desk: Desk;
  readonly #reading = new AbortController();
  readonly #heard: Promise<void>;
  #tellHeard: () => void = () => {};

  constructor(hello: Hello, sockets: RunnerSockets, runs: RunList, clock: Clock) {
    this.hello = hello;
    this.#sockets = sockets;
    this.#runs = runs;
    this.#desk = new Desk({ runs, send: (type, text) => sockets.send(type, text), inbox: sockets.inbox, clock });
    this.closed = sockets.lost.then((why) => {
      const error = new BerthError('runner-lost', why);
      this.#reading.abort(error);
      this.#desk.close(error);
      return why;
    });
    this.#heard = new Promise((resolve) => (this.#tellHeard = resolve));
    void this.#read();
  }

  /**
   * Resolves when the runner answers, or says anything else. One that did so before need not again: it may be busy for longer than
   * anybody waits, and its connection stands as long as the keeper does. Goes on with what an earlier life left.
   */
  async open(signal: AbortSignal): Promise<void> {
    if (!this.#sockets.inbox.hasBegun) await this.#firstWord(signal);
    this.#reading.signal.throwIfAborted();
    this.#desk.resume();
  }

  async #firstWord(signal: AbortSignal): Promise<void> {
    const gone = this.closed.then((why) => {
      throw new BerthError('runner-lost', why);
    });
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    await Promise.race([this.#desk.completions.ping(), this.#heard, gone, aborted]);
  }

  async call<Method extends RunnerMethod>(
    method: Method,
    params: RunnerMethods[Method]['params'],
    { timeoutMs = CALL_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<RunnerMethods[Method]['result']> {
    this.#reading.signal.throwIfAborted();
    const answer = async () => await this.#handlers[method](params);
    const both = signal ? AbortSignal.any([signal, this.#reading.signal]) : this.#reading.signal;
    return withDeadline(`the kernel-runner (${method})`, timeoutMs, answer, both).catch((error: unknown) => {
      throw error instanceof DeadlineError ? new BerthError('timeout', error.message) : error;
    });
  }

  attach(run: RunId, options: AttachOptions): Promise<RunStream> {
    return new Promise((resolve) => {
      this.#reading.signal.throwIfAborted();
      resolve(this.#runs.get(run).attach(options, () => this.#desk.confirmed()));
    });
  }

  connect(): Promise<never> {
    return Promise.reject(noServices());
  }

  definition(): Promise<never> {
    return Promise.reject(noServices());
  }

  close(): void {
    this.#sockets.close();
  }

  readonly #handlers: Handlers = {
    start: ({ run }) => this.#desk.start(run),
    runs: () => ({ runs: this.#runs.views() }),
    subscribe: ({ run }) => this.#runs.get(run).view(),
    unsubscribe: () => ({}),
    input: async ({ run, offset, data, end }) => ({
      offset: await this.#desk.input(run, offset, Buffer.from(data, 'base64'), end),
    }),
    signal: ({ run, signal }) => {
      this.#desk.signal(run, signal);
      return {};
    },
    processes: () => {
      throw noProcesses();
    },
    signalProcess: () => {
      throw noProcesses();
    },
    resize: () => {
      throw new BerthError('terminal-missing', 'a kernel with the kernel-runner resizes its terminal by the query %resize');
    },
    complete: async ({ code, cursor }) => ({ matches: await this.#desk.completions.ask(completionRequest(code, cursor)) }),
    forget: ({ run }) => {
      this.#runs.forget(run);
      this.#desk.confirmed();
      return {};
    },
    shutdown: ({ graceMs }) => {
      void this.#desk.wind(graceMs).then(() => this.#sockets.close('the kernel-runner was let go'));
      return {};
    },
    connect: () => {
      throw noServices();
    },
    definition: () => ({ text: null }),
    memory: () => ({ rss: 0, heapUsed: 0, retained: 0, spilled: this.#runs.bytes }),
  };

  /** Ends with the link. Nothing is read that cannot be kept: the runner's own socket is full then, and the program waits. */
  async #read(): Promise<void> {
    const { signal } = this.#reading;
    try {
      for (let turn = 1; ; turn++) {
        await this.#desk.room(signal);
        this.#desk.take(await this.#sockets.receive());
        this.#tellHeard();
        // What is there is there at once: others must have their turn.
        if (turn % TURN === 0) await setImmediate();
      }
    } catch (error) {
      this.#sockets.close(signal.aborted ? undefined : `reading from the kernel-runner failed: ${(error as Error).message}`);
    }
  }
}

const noProcesses = (): BerthError =>
  new BerthError('runner-incompatible', 'a kernel with the kernel-runner tells nothing of its processes', {
    fix: 'Ask it by a program of its own, such as `ps`.',
  });

const noServices = (): BerthError => new BerthError('runner-incompatible', 'a kernel with the kernel-runner has no services');
