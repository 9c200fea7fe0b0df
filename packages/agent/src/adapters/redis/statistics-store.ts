import { systemClock, type Clock } from '@berth/base';
import { StoreHealth, type StoreState } from '../../model/store-health.js';
import type { Logger } from '../../ports/logger.js';
import type { StatisticsStore } from '../../ports/statistics-store.js';
import { concernsStore, redisError } from './errors.js';
import { RedisLink, type Address } from './link.js';

export interface RedisOptions {
  readonly address: Address;
  /** Number of the database; default 0. */
  readonly database?: number;
  readonly username?: string;
  readonly password?: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The statistics store port on Redis 3 or later. Connects at once, and again for as long as it takes. */
export class RedisStatisticsStore implements StatisticsStore {
  readonly #options: RedisOptions;
  readonly #clock: Clock;
  readonly #health = new StoreHealth();
  #address: Address;
  #link: RedisLink;
  #leaving: Promise<unknown> = Promise.resolve();
  #wasUp = false;
  #closed = false;

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#address = options.address;
    this.#link = this.#open();
  }

  async write(key: string, fields: Readonly<Record<string, string>>, expireSeconds: number): Promise<void> {
    if (Object.keys(fields).length === 0) return;
    const began = this.#clock.monotonic();
    const link = this.#link;
    try {
      await link.use((client) =>
        client
          .multi()
          .hSet(key, { ...fields })
          .expire(key, expireSeconds)
          .exec(),
      );
      if (link === this.#link) this.#good();
    } catch (error) {
      if (link === this.#link && concernsStore(error)) this.#bad(began, error);
      throw redisError(error, this.#name);
    }
  }

  moveTo(address: Address): void {
    if (this.#closed || (address.host === this.#address.host && address.port === this.#address.port)) return;
    this.#options.logger.info({ from: this.#name, to: nameOf(address) }, 'Redis has moved');
    this.#leave();
    this.#address = address;
    this.#wasUp = false;
    this.#link = this.#open();
  }

  state(): StoreState {
    const { state } = this.#health;
    return this.#wasUp || !state.ok ? state : { ok: false, detail: `Redis at ${this.#name} is being connected to` };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#leave();
    await this.#leaving;
  }

  get #name(): string {
    return nameOf(this.#address);
  }

  #open(): RedisLink {
    const { database = 0, username, password } = this.#options;
    const link: RedisLink = new RedisLink({
      address: this.#address,
      database,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      clock: this.#clock,
      onUp: () => {
        if (link === this.#link) this.#good();
      },
      onDown: (began, error) => {
        if (link === this.#link) this.#bad(began, error);
      },
    });
    return link;
  }

  #leave(): void {
    this.#leaving = Promise.all([this.#leaving, this.#link.close()]);
  }

  #good(): void {
    this.#wasUp = true;
    const awayMs = this.#health.good(this.#clock.monotonic());
    if (awayMs !== undefined)
      this.#options.logger.info({ redis: this.#name, awaySeconds: Math.round(awayMs / 1000) }, 'Redis is back');
  }

  #bad(began: number, thrown: unknown): void {
    const error = redisError(thrown, this.#name);
    if (this.#closed || !this.#health.bad(began, this.#clock.monotonic(), `${error.message}. ${error.fix}`)) return;
    this.#options.logger.warn(
      { redis: this.#name, code: error.code, reason: error.message },
      'Redis cannot be used; trying again',
    );
  }
}

const nameOf = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
