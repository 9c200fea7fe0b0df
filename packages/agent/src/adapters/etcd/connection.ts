/** Calls to etcd: to a server that answers, with the token of the user, within a deadline; and what that says about etcd's health. */
import { systemClock, withDeadline, type Clock } from '@berth/base';
import { BerthError } from '@berth/wire';
import { Etcd3 } from 'etcd3';
import { StoreHealth, type StoreState } from '../../model/store-health.js';
import type { Logger } from '../../ports/logger.js';
import { callOptions, CHANNEL, TRIED_ONCE, type CallOptions } from './call-options.js';
import { etcdError, hasNoUsers, isStaleToken, isUnreachable } from './errors.js';

/** Contents of PEM files. Without `ca` the certificates of Node count. */
export interface EtcdTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface EtcdOptions {
  /** `HOST:PORT`, IPv6 in brackets; at least one. They are servers of one cluster: the next is used when one does not answer. */
  readonly endpoints: readonly string[];
  /** What stands before every key, for example `/sorna/local/`. */
  readonly prefix: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: EtcdTls;
  readonly logger: Logger;
  readonly clock?: Clock;
}

type Call<T> = (client: Etcd3, options: CallOptions) => Promise<T>;

/** For one call to one server. */
const CALL_MS = 3_000;

export class EtcdConnection {
  readonly #options: EtcdOptions;
  readonly #clock: Clock;
  readonly #clients: readonly Etcd3[];
  readonly #health = new StoreHealth();
  #current = 0;
  #token: Promise<string | undefined> | undefined;
  #closed = false;

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#clients = options.endpoints.map((endpoint) => clientOf(endpoint, options.tls));
  }

  /** All servers, for messages. */
  get address(): string {
    return this.#options.endpoints.join(',');
  }

  get state(): StoreState {
    return this.#health.state;
  }

  /**
   * Makes one call. It may be made twice when a server does not answer, so it must be one that can be repeated. `what` is what it
   * does, for example `reading a key`. Errors: those of the port.
   */
  async call<T>(what: string, fn: Call<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) throw new BerthError('coordinator-unavailable', 'the connection to etcd is closed');
    const began = this.#clock.monotonic();
    try {
      const result = await withDeadline('etcd', CALL_MS * this.#clients.length, () => this.#tryEach(fn), signal);
      this.#good();
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      const told = etcdError(error, what, this.address);
      if (told.code.startsWith('coordinator-')) this.#bad(began, told);
      throw told;
    }
  }

  /** Opens a stream on the server in use. Its failures are its reader's, who then looks anew and so finds out about etcd. */
  async stream<T>(open: Call<T>): Promise<T> {
    const client = this.#client;
    return open(client, callOptions(await this.#tokenFrom(client)));
  }

  /** A stream was refused: the token may be the reason. */
  forgetToken(): void {
    this.#token = undefined;
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  get #client(): Etcd3 {
    return this.#clients[this.#current]!;
  }

  async #tryEach<T>(fn: Call<T>): Promise<T> {
    for (let left = this.#clients.length - 1; ; left--) {
      const client = this.#client;
      try {
        return await this.#tryOne(client, fn);
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        // Several calls may find the same server dead: only the first moves on.
        if (client === this.#client) this.#current = (this.#current + 1) % this.#clients.length;
        if (left === 0 || this.#closed) throw error;
      }
    }
  }

  async #tryOne<T>(client: Etcd3, fn: Call<T>): Promise<T> {
    const token = this.#tokenFrom(client);
    try {
      return await fn(client, this.#callOptions(await token));
    } catch (error) {
      if (!isStaleToken(error) || this.#options.username === undefined) throw error;
      if (this.#token === token) this.#token = undefined;
      return fn(client, this.#callOptions(await this.#tokenFrom(client)));
    }
  }

  #callOptions(token: string | undefined): CallOptions {
    return callOptions(token, this.#clock.now() + CALL_MS);
  }

  /** The token in use, or a new one; undefined without a user. One question serves all who wait for it. */
  #tokenFrom(client: Etcd3): Promise<string | undefined> {
    const { username, password = '' } = this.#options;
    if (username === undefined) return Promise.resolve(undefined);
    if (this.#token) return this.#token;
    const token = client.auth.authenticate({ name: username, password }, this.#callOptions(undefined)).then(
      (answer) => answer.token,
      (error: unknown) => {
        if (hasNoUsers(error)) return undefined;
        if (this.#token === token) this.#token = undefined;
        throw error;
      },
    );
    this.#token = token;
    return token;
  }

  #good(): void {
    const awayMs = this.#health.good(this.#clock.monotonic());
    if (awayMs !== undefined)
      this.#options.logger.info({ etcd: this.address, awaySeconds: Math.round(awayMs / 1000) }, 'etcd is back');
  }

  #bad(began: number, error: BerthError): void {
    if (this.#closed || !this.#health.bad(began, this.#clock.monotonic(), `${error.message}. ${error.fix}`)) return;
    this.#options.logger.warn(
      { etcd: this.address, code: error.code, reason: error.message },
      'etcd cannot be used; trying again',
    );
  }
}

function clientOf(endpoint: string, tls: EtcdTls | undefined): Etcd3 {
  const credentials = tls && {
    // Without one the library passes it on as undefined, and the certificates of Node count.
    rootCertificate: tls.ca as Buffer,
    ...(tls.key ? { privateKey: tls.key } : {}),
    ...(tls.cert ? { certChain: tls.cert } : {}),
  };
  return new Etcd3({
    hosts: endpoint,
    grpcOptions: CHANNEL,
    faultHandling: { host: () => TRIED_ONCE, global: TRIED_ONCE },
    ...(credentials ? { credentials } : {}),
  });
}
