/** Keys under a lease that is kept alive, and taken anew when it is lost. */
import { backoffDelay, sleep, withDeadline, type Clock } from '@berth/base';
import type { Entries, HeldKeys } from '../../ports/coordinator.js';
import type { Logger } from '../../ports/logger.js';
import type { EtcdConnection } from './connection.js';
import { isLeaseLost } from './errors.js';
import { grantLease, renewLease, revokeLease, writeHeld } from './lease.js';

export interface HoldOptions {
  readonly connection: EtcdConnection;
  readonly prefix: string;
  readonly ttlSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const BACKOFF = { minMs: 200, maxMs: 5_000 };
const RELEASE_MS = 3_000;

export class Hold implements HeldKeys {
  readonly #options: HoldOptions;
  readonly #end = new AbortController();
  readonly #loop: Promise<void>;
  #entries: Entries;
  /** Keys that may be in the store because of us. */
  #written = new Set<string>();
  #lease: string | undefined;
  #hadLease = false;
  /** Ends the wait of the loop. */
  #wake = new AbortController();
  #waiting: (() => void)[] = [];

  constructor(entries: Entries, options: HoldOptions) {
    this.#entries = entries;
    this.#options = options;
    this.#loop = this.#keep();
  }

  update(entries: Entries): Promise<void> {
    this.#entries = entries;
    return this.settled();
  }

  /** Resolves when all that was asked for so far is written, or could not be. */
  settled(): Promise<void> {
    if (this.#end.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#wake.abort();
    });
  }

  async release(): Promise<void> {
    await this.stop();
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    // Not by their names: an agent that was started in our place may hold them already, under a lease of its own.
    await withDeadline('etcd', RELEASE_MS, () => revokeLease(this.#options.connection, lease)).catch(() => {});
  }

  /** Lets the keys be; they end with the lease. */
  async stop(): Promise<void> {
    this.#end.abort(new Error('the hold has ended'));
    await this.#loop;
  }

  async #keep(): Promise<void> {
    const { signal } = this.#end;
    const { ttlSeconds, clock } = this.#options;
    for (let attempt = 0; !signal.aborted;) {
      const waiting = this.#waiting.splice(0);
      this.#wake = new AbortController();
      let waitMs = (ttlSeconds * 1000) / 3;
      try {
        await this.#makeItSo(signal);
        attempt = 0;
      } catch (error) {
        // An error of etcd itself is the connection's to tell. A lost lease has one try at once, in which a new one is taken.
        waitMs = backoffDelay(attempt++, { ...BACKOFF, maxMs: Math.min(BACKOFF.maxMs, waitMs) });
        if (isLeaseLost(error)) this.#lease = undefined;
      }
      for (const resolve of waiting) resolve();
      if (this.#waiting.length === 0) await sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]), clock).catch(() => {});
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #makeItSo(signal: AbortSignal): Promise<void> {
    const { connection, prefix, ttlSeconds, logger } = this.#options;
    if (this.#lease !== undefined && !(await renewLease(connection, this.#lease, signal))) this.#lease = undefined;
    const isNew = this.#lease === undefined;
    const lease = (this.#lease ??= await grantLease(connection, ttlSeconds, signal));
    const entries = this.#entries;
    const gone = [...this.#written].filter((key) => !Object.hasOwn(entries, key));
    for (const key of Object.keys(entries)) this.#written.add(key);
    await writeHeld(connection, { prefix, entries, gone, lease }, signal);
    this.#written = new Set(Object.keys(entries));
    if (isNew && this.#hadLease)
      logger.info({ keys: Object.keys(entries) }, 'the lease was lost; the keys are there again under a new one');
    this.#hadLease = true;
  }
}
