/**
 * Brings what waits in the outbox into the object store: a few at once, the oldest first, each until it is there. While the store is away one
 * attempt after another is made, further and further apart; an object that is refused waits by itself and holds up nobody.
 */
import type { FileHandle } from 'node:fs/promises';
import { backoffDelay, OwnedTasks, type Clock, type Timer } from '@berth/base';
import { isBerthError } from '@berth/wire';
import type { Logger } from '../../ports/logger.js';
import type { ObjectStore } from '../../ports/object-store.js';
import type { Outbox, Waiting } from './outbox.js';

const CHUNK_BYTES = 256 * 1024;

export interface LineOptions {
  readonly store: ObjectStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly atOnce: number;
  /** Between attempts, in milliseconds; spread, so that many agents do not come back at one moment. */
  readonly retry: { readonly minMs: number; readonly maxMs: number };
}

export class UploadLine {
  readonly #options: LineOptions;
  readonly #tasks: OwnedTasks;
  readonly #sending = new Map<number, string>();
  /** Objects that were refused, until their next attempt. */
  readonly #refused = new Map<number, { readonly attempts: number; timer: Timer | undefined }>();
  readonly #told = new Map<number, () => void>();
  #failures = 0;
  #pause: Timer | undefined;
  #lastCode: string | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#tasks = new OwnedTasks((name, error) => options.logger.error({ err: error }, `${name} failed`));
  }

  /** False while attempts fail. */
  get answers(): boolean {
    return this.#failures === 0;
  }

  /** Looks whether the store can be used, so that its operator hears of it before the first file, and sends what earlier lives have left. */
  start(): void {
    this.#tasks.start('a look at the object store', async (signal) => {
      try {
        await this.#options.store.probe(signal);
      } catch (error) {
        if (!signal.aborted && isBerthError(error)) this.#isAway(error);
      }
    });
    this.go();
  }

  /** Sends whatever waits. To be called whenever something was added. */
  go(): void {
    if (this.#pause || this.#tasks.signal.aborted) return;
    // One is enough to find out whether the store is back.
    const most = this.answers ? this.#options.atOnce : 1;
    for (const waiting of this.#options.outbox.all()) {
      if (this.#sending.size >= most) return;
      const { number, key } = waiting;
      // Two of one key never race: the later one has to win.
      if (this.#sending.has(number) || this.#refused.get(number)?.timer || [...this.#sending.values()].includes(key)) continue;
      this.#sending.set(number, key);
      this.#tasks.start('an upload', (signal) => this.#send(waiting, signal));
    }
  }

  /** A new one has come: older ones of its key need not be sent any more. */
  async add(waiting: Waiting): Promise<void> {
    for (const old of [...this.#options.outbox.all()])
      if (old.key === waiting.key && old.number < waiting.number && !this.#sending.has(old.number))
        await this.#settle(old.number);
    this.go();
  }

  /** Resolves when it is there, when it is known that it will not be soon, or `ms` later. */
  async wait({ number }: Waiting, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(Math.max(0, ms), () => resolve());
      this.#told.set(number, () => (timer.cancel(), resolve()));
    });
    this.#told.delete(number);
  }

  /** Ends what is under way; it is sent in the next life. */
  async stop(): Promise<void> {
    this.#pause?.cancel();
    for (const { timer } of this.#refused.values()) timer?.cancel();
    await this.#tasks.stop();
  }

  async #send(waiting: Waiting, signal: AbortSignal): Promise<void> {
    try {
      await this.#put(waiting, signal);
      this.#isBack();
      await this.#settle(waiting.number);
    } catch (error) {
      if (signal.aborted) return;
      if (isBerthError(error) && (error.code === 'store-unavailable' || error.code === 'store-forbidden')) this.#isAway(error);
      else this.#isRefused(waiting, error);
    } finally {
      this.#sending.delete(waiting.number);
      this.go();
    }
  }

  async #put({ number, key, size, contentType, sha256 }: Waiting, signal: AbortSignal): Promise<void> {
    const { store, outbox } = this.#options;
    const file = await outbox.content(number);
    try {
      await store.put({ key, content: bytesOf(file), size, contentType, sha256 }, signal);
    } finally {
      await file.close();
    }
  }

  async #settle(number: number): Promise<void> {
    this.#refused.get(number)?.timer?.cancel();
    this.#refused.delete(number);
    await this.#options.outbox.remove(number);
    this.#told.get(number)?.();
  }

  #isAway(error: { readonly code: string }): void {
    const { clock, logger, outbox, retry } = this.#options;
    if (this.#lastCode !== error.code) {
      this.#lastCode = error.code;
      logger.warn({ err: error, files: outbox.count }, 'the object store cannot be used; output files wait, and are tried again');
    }
    for (const tell of this.#told.values()) tell();
    if (this.#pause) return;
    const wait = backoffDelay(this.#failures++, retry);
    this.#pause = clock.after(wait, () => {
      this.#pause = undefined;
      this.go();
    });
  }

  #isBack(): void {
    if (this.#lastCode !== undefined) this.#options.logger.info({}, 'the object store takes output files again');
    this.#lastCode = undefined;
    this.#failures = 0;
  }

  #isRefused({ number, key }: Waiting, error: unknown): void {
    const { clock, logger, retry } = this.#options;
    const attempts = (this.#refused.get(number)?.attempts ?? 0) + 1;
    if (attempts === 1) logger.warn({ key, err: error }, 'an output file is not taken by the object store; it is tried again');
    const entry: { readonly attempts: number; timer: Timer | undefined } = { attempts, timer: undefined };
    entry.timer = clock.after(backoffDelay(attempts, retry), () => {
      entry.timer = undefined;
      this.go();
    });
    this.#refused.set(number, entry);
    this.#told.get(number)?.();
  }
}

/** Not a stream: one that its reader has left would keep the file open. */
async function* bytesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
