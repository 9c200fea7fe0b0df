/** Keeps one kernel linked to its runner: seeks it, holds the channel, seeks again when it is lost. */
import { backoffDelay, sleep, withDeadline } from '@berth/base';
import { BerthError, DEFAULT_RETENTION, isBerthError, type RunnerSpec } from '@berth/wire';
import type { KernelFacts } from '../model/facts.js';
import type { RunnerChannel } from '../ports/channel.js';
import type { KernelContext } from './kernel-context.js';
import { scratchLayout } from './scratch-layout.js';

export interface LinkKeeperOptions {
  readonly context: KernelContext;
  readonly facts: KernelFacts;
  /** What only set-up knows; the runner uses it from the first welcome alone. */
  readonly runnerExtras: () => Pick<RunnerSpec, 'env' | 'fifos'>;
  /** True when there is no use in seeking further. */
  readonly isOver: () => boolean;
  readonly onUp: () => void;
  readonly onDown: () => void;
  /** Nobody answers; asked for at most every {@link LOOK_EVERY_MS}. */
  readonly onRefused: () => Promise<void>;
}

const SEEK = { minMs: 5, maxMs: 1000 };
/** A new container's runner answers within some tens of milliseconds: for about a second it is sought without backing off. */
const EAGER_ATTEMPTS = 250;
const LOOK_EVERY_MS = 250;
/** From container start to the runner's first answer. */
const FIRST_ANSWER_MS = 30_000;

export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  #channel: RunnerChannel | undefined;
  #closed: BerthError | undefined;
  #waiting: { resolve: (channel: RunnerChannel) => void; reject: (error: Error) => void }[] = [];

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }

  /** The open channel, if there is one now. */
  get channel(): RunnerChannel | undefined {
    return this.#channel;
  }

  /** The open channel, or the next one. Rejects with the reason of {@link close} when there will be none, or with the signal's. */
  whenUp(signal?: AbortSignal): Promise<RunnerChannel> {
    if (this.#channel) return Promise.resolve(this.#channel);
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiting.push(waiter);
      signal?.addEventListener(
        'abort',
        () => {
          this.#waiting = this.#waiting.filter((w) => w !== waiter);
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  /** As {@link whenUp}, with the patience that a new container gets. */
  async firstUp(signal: AbortSignal): Promise<RunnerChannel> {
    try {
      return await withDeadline('the runner', FIRST_ANSWER_MS, (s) => this.whenUp(s), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new BerthError('create-failed', `the runner did not answer within ${FIRST_ANSWER_MS / 1000} s`, { cause: error });
    }
  }

  /** Seeks and holds until the kernel is over or `signal` aborts. */
  async keep(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    const { clock } = this.#options.context;
    let lookAt = clock.monotonic() + LOOK_EVERY_MS;
    while (!this.#closed && !signal.aborted && !this.#options.isOver()) {
      try {
        const channel = await this.#connect(signal);
        if (this.#closed) return channel.close();
        attempt = 0;
        this.#arrived(channel);
        await channel.closed;
        this.#channel = undefined;
        this.#options.onDown();
      } catch (error) {
        this.#report(error);
        if (clock.monotonic() >= lookAt) {
          lookAt = clock.monotonic() + LOOK_EVERY_MS;
          await this.#options.onRefused();
        }
      }
      await sleep(backoffDelay(Math.max(0, attempt++ - EAGER_ATTEMPTS), SEEK), signal, clock).catch(() => {});
    }
  }

  /**
   * Asks the runner to end its programs and itself, and waits until it has, or until its time is over; what is left then is
   * killed with the container. Never rejects.
   */
  async shutdownRunner(graceMs: number): Promise<void> {
    const channel = this.#channel;
    if (!channel) return;
    try {
      await channel.call('shutdown', { graceMs }, { timeoutMs: 2000 });
      await withDeadline('the runner', graceMs + 1000, () => channel.closed);
    } catch {
      // The container is removed next, whatever the runner does.
    }
  }

  /** Gives up the link for good; who waits for it is told `reason`. */
  close(reason: BerthError): void {
    this.#closed ??= reason;
    this.#channel?.close();
    this.#channel = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closed);
  }

  async #connect(signal: AbortSignal): Promise<RunnerChannel> {
    const { context, facts } = this.#options;
    return context.connector.connect(
      {
        runDirectory: scratchLayout(context.scratchRoot, facts).run,
        supervisor: facts.spec.supervisor,
        kernelId: facts.kernelId,
        incarnation: facts.incarnation,
        agentId: context.agentId,
        epoch: context.epoch,
        token: facts.token,
        spec: {
          uid: facts.uid,
          gid: facts.gid,
          deadManSeconds: facts.spec.deadManSeconds,
          lifetimeSeconds: facts.spec.lifetimeSeconds,
          retention: DEFAULT_RETENTION,
          ...this.#options.runnerExtras(),
        },
      },
      signal,
    );
  }

  #arrived(channel: RunnerChannel): void {
    this.#channel = channel;
    this.#options.onUp();
    for (const { resolve } of this.#waiting.splice(0)) resolve(channel);
  }

  #report(error: unknown): void {
    if (isBerthError(error) && error.code === 'runner-lost') return;
    const { context, facts } = this.#options;
    context.logger.warn({ kernel: facts.kernelId, err: error }, 'the runner cannot be reached');
  }
}
