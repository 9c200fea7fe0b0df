/** Tells the manager which kernels have ended, until there can be no doubt that it heard. */
import { withDeadline, type Clock } from '@berth/base';
import { isBerthError, type KernelId, type KernelService, type KernelStatistics } from '@berth/wire';
import type { Logger } from '../../ports/logger.js';
import type { Packable } from '../transport/codec.js';
import type { Notice, NoticeStore } from './notice-store.js';
import { toStatisticsMap } from './statistics-hash.js';

/** A notice is sent again on each new connection for so long; the manager takes repeats without harm (seed spec 6). */
const KEEP_MS = 10 * 60_000;
/** The manager reads the statistics when the event arrives, so they are written first; but an event is not held up for longer. */
const STATISTICS_MS = 3000;

export interface NotifierOptions {
  readonly notices: NoticeStore;
  readonly service: Pick<KernelService, 'getKernel'>;
  /** Sends `kernel_terminated`, or keeps it until there is a manager. */
  readonly send: (args: readonly Packable[]) => void;
  /** Writes the last sample to where the manager looks for it. */
  readonly publish: (id: KernelId, statistics: KernelStatistics) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #sent = new Set<KernelId>();
  #working: Promise<void> = Promise.resolve();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Sends what has not been sent in this life. Never rejects. */
  tell(): Promise<void> {
    this.#working = this.#working.then(() => this.#tellAll());
    return this.#working;
  }

  /** Another manager, or the same one after an absence: everything is told anew. */
  tellAgain(): Promise<void> {
    this.#sent.clear();
    return this.tell();
  }

  /** Forgets notices that are old enough, sent ones only. */
  async clean(): Promise<void> {
    const { notices, clock } = this.#options;
    const old = notices.all().filter(({ kernelId, at }) => this.#sent.has(kernelId) && clock.now() - at > KEEP_MS);
    for (const { kernelId } of old) {
      await notices.drop(kernelId);
      this.#sent.delete(kernelId);
    }
  }

  async #tellAll(): Promise<void> {
    for (const notice of this.#options.notices.all()) {
      if (this.#sent.has(notice.kernelId) || !this.#isOver(notice.kernelId)) continue;
      this.#sent.add(notice.kernelId);
      await this.#tellOne(notice);
    }
  }

  async #tellOne({ kernelId, reason, statistics }: Notice): Promise<void> {
    const { publish, send, logger } = this.#options;
    if (statistics) {
      await withDeadline('the statistics store', STATISTICS_MS, () => publish(kernelId, statistics)).catch((error: unknown) => {
        // That the store is away is told by itself, once and not for each kernel.
        logger.debug({ kernel: kernelId, err: error }, 'the last statistics of a kernel could not be written');
      });
    }
    send([kernelId, reason, statistics && toStatisticsMap(statistics)]);
  }

  /** The notice is written while the kernel is still being undone. */
  #isOver(id: KernelId): boolean {
    try {
      return this.#options.service.getKernel(id).phase === 'terminated';
    } catch (error) {
      return isBerthError(error) && error.code === 'no-such-session';
    }
  }
}
