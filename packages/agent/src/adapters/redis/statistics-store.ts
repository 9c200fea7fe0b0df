import { systemClock, type Clock } from '@berth/base';
import { StoreHealth, type StoreState } from '../../model/store-health.js';
import type { Logger } from '../../ports/logger.js';
import type { StatisticsStore } from '../../ports/statistics-store.js';
import { concernsStore, NotConnected, redisError } from './errors.js';
import { RedisLink, type Address } from './link.js';

export interface RedisOptions {
  /** Undefined until {@link RedisStatisticsStore.moveTo} tells it. */
  readonly address?: Address;
  /** Number of the database; default 0. */
  readonly database?: number;
  readonly username?: string;
  readonly password?: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The statistics store port on Redis 4 or later. Connects as soon as it has an address, and again for as long as it takes. */
export class RedisStatisticsStore implements StatisticsStore {
  readonly #options: RedisOptions;
  readonly #clock: Clock;
  readonly #health = new StoreHealth();
  #address: Address | undefined;
  #link: RedisLink | undefined;
  #leaving: Promise<unknown> = Promise.resolve();
  #wasUp = false;
  #closed = false;

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    if (options.address) this.moveTo(options.address);
  }

  async write(key: string, fields: Readonly<Record<string, string>>, expireSeconds: number): Promise<void> {
    if (Object.keys(fields).length === 0) return;
    const began = this.#clock.monotonic();
    const link = this.#link;
    try {
      if (!link) throw new NotConnected();
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
    if (this.#closed || (address.host === this.#address?.host && address.port === this.#address.port)) return;
    if (this.#address) this.#options.logger.info({ from: this.#name, to: nameOf(address) }, 'Redis has moved');
    this.#leave();
    this.#address = address;
    this.#wasUp = false;
    this.#link = this.#open(address);
  }

  state(): StoreState {
    const { state } = this.#health;
    return this.#wasUp || !state.ok
      ? state
      : {
          ok: false,
          detail: this.#address ? `Redis at ${this.#name} is being connected to` : 'nobody has said yet where Redis is',
        };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#leave();
    await this.#leaving;
  }

  get #name(): string {
    return this.#address ? nameOf(this.#address) : 'an unknown address';
  }

  #open(address: Address): RedisLink {
    const { database = 0, username, password } = this.#options;
    const link: RedisLink = new RedisLink({
      address,
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
    this.#leaving = Promise.all([this.#leaving, this.#link?.close()]);
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
