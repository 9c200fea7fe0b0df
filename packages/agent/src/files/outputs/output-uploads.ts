/** Files that runs leave below `.output`, on their way to the object store: what is told of them, and what must be true before it is told. */
import type { FileHandle } from 'node:fs/promises';
import { KeyedMailbox, systemClock, type Clock } from '@berth/base';
import type { KernelId } from '@berth/wire';
import type { Logger } from '../../ports/logger.js';
import type { ObjectStore } from '../../ports/object-store.js';
import { OUTPUT_LIMITS } from '../output-scan.js';
import { contentTypeOf } from './content-type.js';
import { objectKey } from './object-key.js';
import { Outbox, type Waiting } from './outbox.js';
import { UploadLine } from './upload-line.js';

export interface UploadLimits {
  /** So many may wait; what comes then is not taken. */
  readonly files: number;
  /** Of all that waits together. */
  readonly bytes: number;
  /** Of one file. */
  readonly fileBytes: number;
  readonly atOnce: number;
  /** So long a caller waits for its file to be there, in milliseconds; then it goes on behind him. */
  readonly waitMs: number;
  readonly retryMs: { readonly minMs: number; readonly maxMs: number };
}

export const UPLOAD_LIMITS: UploadLimits = {
  files: 10_000,
  bytes: 4 * 2 ** 30,
  fileBytes: OUTPUT_LIMITS.fileBytes,
  atOnce: 3,
  waitMs: 2_000,
  retryMs: { minMs: 1_000, maxMs: 120_000 },
};

export interface UploadsOptions {
  readonly store: ObjectStore;
  /** Of copies that wait; made where it is missing. Only one agent uses it. */
  readonly directory: string;
  /** Before the kernel's id in keys; may be empty. */
  readonly prefix: string;
  /** Opens a file of `.output` by its name relative to it; no link is followed. */
  readonly open: (kernelId: KernelId, name: string) => Promise<FileHandle>;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly limits?: Partial<UploadLimits>;
}

const DISK_IS_FULL: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT'];

export class OutputUploads {
  readonly #options: UploadsOptions;
  readonly #limits: UploadLimits;
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #line: UploadLine;
  /** Of one kernel, one copy after another. */
  readonly #copies = new KeyedMailbox();
  #copying = { files: 0, bytes: 0 };
  #full = false;

  private constructor(options: UploadsOptions, outbox: Outbox) {
    const { store, logger } = options;
    this.#options = options;
    this.#limits = { ...UPLOAD_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#outbox = outbox;
    const { atOnce, retryMs: retry } = this.#limits;
    this.#line = new UploadLine({ store, outbox, clock: this.#clock, logger, atOnce, retry });
  }

  /** Goes on with what earlier lives have left. Errors: those of the disk. */
  static async start(options: UploadsOptions): Promise<OutputUploads> {
    const { outbox, damaged } = await Outbox.open(options.directory);
    const uploads = new OutputUploads(options, outbox);
    if (damaged > 0)
      options.logger.error({ files: damaged }, 'output files that waited for the object store were damaged, and are lost');
    if (outbox.count > 0)
      options.logger.info(
        { files: outbox.count, bytes: outbox.bytes },
        'output files of an earlier life wait for the object store',
      );
    uploads.#line.start();
    return uploads;
  }

  /** Files that wait. */
  get pending(): number {
    return this.#outbox.count;
  }

  /**
   * Puts a file of `.output` into the object store and gives its address. It is copied first: from then on neither the end of its kernel nor that
   * of the agent loses it. Resolves when it is there, or soon when that takes longer: the address works from then on. Undefined where
   * there is no room for it. Errors: those of `open`, of the disk, RangeError for a file that is too large.
   */
  async upload(kernelId: KernelId, name: string): Promise<string | undefined> {
    const until = this.#clock.monotonic() + this.#limits.waitMs;
    const key = objectKey(this.#options.prefix, kernelId, name);
    if (key === undefined) return this.#notTaken(kernelId, name, 'its key would be longer than 1024 bytes');
    const waiting = await this.#copies.post(kernelId, () => this.#copy(kernelId, name, key));
    if (!waiting) return undefined;
    const address = this.#options.store.address(key);
    const there = this.#line.answers ? this.#line.wait(waiting, until - this.#clock.monotonic()) : undefined;
    await this.#line.add(waiting);
    await there;
    return address;
  }

  /** What waits is sent in the next life. */
  async stop(): Promise<void> {
    await this.#copies.idle();
    await this.#line.stop();
    this.#options.store.close();
  }

  async #copy(kernelId: KernelId, name: string, key: string): Promise<Waiting | undefined> {
    const { logger } = this.#options;
    const file = await this.#options.open(kernelId, name);
    const size = await file.stat().then(
      (stats) => stats.size,
      () => 0,
    );
    this.#copying = { files: this.#copying.files + 1, bytes: this.#copying.bytes + size };
    try {
      if (!this.#hasRoom()) return this.#notTaken(kernelId, name, 'too much waits for the object store');
      const about = { key, contentType: contentTypeOf(name), since: this.#clock.now() };
      const { waiting, steady } = await this.#outbox.add(file, about, this.#limits.fileBytes);
      if (!steady)
        logger.warn({ kernel: kernelId, file: name }, 'a file in .output is still being written; it is uploaded as it was');
      this.#full = false;
      return waiting;
    } catch (error) {
      if (!DISK_IS_FULL.includes((error as NodeJS.ErrnoException).code)) throw error;
      return this.#notTaken(kernelId, name, 'the disk is full');
    } finally {
      this.#copying = { files: this.#copying.files - 1, bytes: this.#copying.bytes - size };
      await file.close();
    }
  }

  #hasRoom(): boolean {
    const { files, bytes } = this.#limits;
    return this.#outbox.count + this.#copying.files <= files && this.#outbox.bytes + this.#copying.bytes <= bytes;
  }

  /** One line for each time that the room is used up: a program can leave thousands of files. */
  #notTaken(kernelId: KernelId, name: string, why: string): undefined {
    const { logger } = this.#options;
    const message = `a file in .output is not uploaded: ${why}`;
    const fields = { kernel: kernelId, file: name, waiting: this.#outbox.count, bytes: this.#outbox.bytes };
    if (this.#full) logger.debug(fields, message);
    else logger.warn(fields, message);
    this.#full = true;
    return undefined;
  }
}
