/** The run that is a service: until its port accepts, and until it has ended. */
import { backoffDelay, sleep, type Clock } from '@berth/base';
import { BerthError, isBerthError, type RunView, type ServiceMark } from '@berth/wire';
import type { RunnerChannel } from '../ports/channel.js';
import { lastWords } from './last-words.js';

const LOOK = { minMs: 20, maxMs: 500 };
/** From SIGTERM to SIGKILL. */
const STOP_GRACE_MS = 3000;

export class ServiceRun {
  readonly #channel: RunnerChannel;
  readonly #runId: RunView['runId'];
  readonly #mark: ServiceMark;
  readonly #clock: Clock;

  constructor(channel: RunnerChannel, { runId, service }: RunView, clock: Clock) {
    this.#channel = channel;
    this.#runId = runId;
    this.#mark = service!;
    this.#clock = clock;
  }

  /** Errors: `service-unreachable` when it ends or time is up before its port accepts; it is ended then. The signal's reason. */
  async untilReady(readyMs: number, signal?: AbortSignal): Promise<void> {
    const { name, ports } = this.#mark;
    const until = this.#clock.monotonic() + readyMs;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      const { finished } = await this.#view();
      if (finished) {
        const how = finished.signal ? `was ended by ${finished.signal}` : `ended with exit code ${finished.exitCode}`;
        throw await this.#notReady(`service ${name} ${how} before its port ${ports[0]} accepted`);
      }
      if (await this.#accepts(signal)) return;
      if (this.#clock.monotonic() >= until) break;
      await sleep(backoffDelay(attempt, LOOK), signal, this.#clock);
    }
    await this.end();
    throw await this.#notReady(`service ${name} did not open its port ${ports[0]} within ${readyMs / 1000} s`);
  }

  /** SIGTERM, after a while SIGKILL; resolves when nothing of it is left. */
  async end(): Promise<void> {
    const run = this.#runId;
    await this.#channel.call('signal', { run, signal: 'terminate' });
    const until = this.#clock.monotonic() + STOP_GRACE_MS;
    for (let attempt = 0, killed = false; !(await this.#view()).finished; attempt++) {
      if (!killed && this.#clock.monotonic() >= until) {
        killed = true;
        await this.#channel.call('signal', { run, signal: 'kill' });
      }
      await sleep(backoffDelay(attempt, LOOK), undefined, this.#clock);
    }
  }

  async #accepts(signal?: AbortSignal): Promise<boolean> {
    try {
      (await this.#channel.connect(this.#mark.ports[0]!, signal)).close();
      return true;
    } catch (error) {
      if (isBerthError(error) && error.code === 'service-unreachable') return false;
      throw error;
    }
  }

  async #notReady(what: string): Promise<BerthError> {
    const words = await lastWords(this.#channel, await this.#view());
    return new BerthError('service-unreachable', `${what}${words === '' ? '; it printed nothing' : `; it printed: ${words}`}`, {
      fix: `\`berth logs SESSION ${this.#runId}\` shows all of its output.`,
      fields: { run: this.#runId },
    });
  }

  async #view(): Promise<RunView> {
    const run = (await this.#channel.call('runs', {})).runs.find(({ runId }) => runId === this.#runId);
    if (run) return run;
    throw new BerthError('no-such-run', `run ${this.#runId} is no longer kept`);
  }
}
