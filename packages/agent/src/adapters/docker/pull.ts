/** Pulls: one per reference and user at a time, however many wait for it. */
import type { Readable } from 'node:stream';
import { systemClock, type Clock, type Timer } from '@berth/base';
import type { PullOptions, PullProgress, RegistryCredentials } from '../../ports/driver.js';
import type { Engine } from './engine.js';
import { pullError, pullFailed } from './errors.js';
import { inspectImage } from './images.js';
import { linesOf } from './lines.js';
import { parsePullLine } from './pull-line.js';
import { pullReference, type PullReference } from './pull-reference.js';

/** A pull of which nothing is heard for so long has failed. */
const SILENCE_MS = 60_000;

interface Pull {
  readonly done: Promise<{ readonly imageId: string }>;
  readonly listeners: Set<(progress: PullProgress) => void>;
  readonly controller: AbortController;
  waiting: number;
}

export class ImagePulls {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #running = new Map<string, Pull>();

  constructor(engine: Engine, clock: Clock = systemClock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** See {@link Driver.pullImage}. */
  async pull(text: string, { credentials, onProgress, signal }: PullOptions): Promise<{ readonly imageId: string }> {
    signal?.throwIfAborted();
    const reference = pullReference(text);
    // Another user's rights are not ours.
    const key = JSON.stringify([reference, credentials]);
    const pull = this.#running.get(key) ?? this.#begin(key, text, reference, credentials);
    // A function of its own: one listener may be given twice.
    const listener = (progress: PullProgress) => {
      try {
        onProgress?.(progress);
      } catch {
        // The trouble of one who listens is not that of the others.
      }
    };
    pull.listeners.add(listener);
    pull.waiting += 1;
    try {
      return await unlessAborted(pull.done, signal);
    } finally {
      pull.listeners.delete(listener);
      pull.waiting -= 1;
      if (pull.waiting === 0) {
        // Not to be joined by anybody who comes while it ends.
        if (this.#running.get(key) === pull) this.#running.delete(key);
        pull.controller.abort(new Error('nobody waits for the pull any more'));
      }
    }
  }

  #begin(key: string, text: string, reference: PullReference, credentials: RegistryCredentials | undefined): Pull {
    const listeners: Pull['listeners'] = new Set();
    const controller = new AbortController();
    const tell = (progress: PullProgress) => {
      for (const listener of listeners) listener(progress);
    };
    const done = this.#run(text, reference, credentials, tell, controller);
    done.catch(() => {});
    const pull: Pull = { done, listeners, controller, waiting: 0 };
    this.#running.set(key, pull);
    return pull;
  }

  async #run(
    text: string,
    { repository, tag }: PullReference,
    credentials: RegistryCredentials | undefined,
    tell: (progress: PullProgress) => void,
    controller: AbortController,
  ): Promise<{ readonly imageId: string }> {
    const { signal } = controller;
    let timer: Timer | undefined;
    const heard = () => {
      timer?.cancel();
      timer = this.#clock.after(SILENCE_MS, () =>
        controller.abort(pullFailed(text, `nothing was heard of it for ${SILENCE_MS / 1000} s`)),
      );
    };
    heard();
    try {
      const options = { fromImage: repository, tag, abortSignal: signal } as object;
      const stream = (await this.#engine.docker.createImage(credentials && { ...credentials }, options)) as unknown as Readable;
      for await (const line of linesOf(stream, 'the answer to a pull')) {
        heard();
        const { error, progress } = parsePullLine(line);
        if (error !== undefined) throw pullFailed(text, error);
        if (progress) tell(progress);
      }
      signal.throwIfAborted();
      const name = `${repository}${tag.includes(':') ? '@' : ':'}${tag}`;
      return { imageId: (await inspectImage(this.#engine, name, signal)).Id };
    } catch (error) {
      throw pullError(signal.aborted ? signal.reason : error, text);
    } finally {
      timer?.cancel();
    }
  }
}

/** Rejects with the signal's reason as soon as it aborts; what was waited for goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
