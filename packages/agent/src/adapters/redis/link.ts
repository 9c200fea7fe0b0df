/**
 * One Redis, connected to again and again. The library would do that itself, but its waits cannot be ended, and a connection that
 * swallows everything would gather commands for ever.
 */
import { backoffDelay, sleep, withDeadline, type Clock } from '@berth/base';
import { createClient } from '@redis/client';
import { NotConnected } from './errors.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkOptions {
  readonly address: Address;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  readonly clock: Clock;
  /** A connection has been made, and answers. */
  readonly onUp: () => void;
  /** A connection could not be made, or was lost. `began`: since when it was tried, monotonic. */
  readonly onDown: (began: number, error: unknown) => void;
}

const CONNECT_MS = 3_000;
const COMMAND_MS = 2_000;
const BACKOFF = { minMs: 100, maxMs: 5_000 };
/** A connection that lived for so long was a good one. */
const STABLE_MS = 10_000;
/** Commands that wait for an answer; with more they are refused. */
const MOST_WAITING = 1_000;

type Client = ReturnType<typeof makeClient>;

export class RedisLink {
  readonly #options: LinkOptions;
  readonly #end = new AbortController();
  readonly #loop: Promise<void>;
  #client: Client | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#loop = this.#keep();
  }

  /** Resolves with what `fn` does. Rejects at once while there is no connection, and after 2 s; the connection is then made anew. */
  async use<T>(fn: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (!client) throw new NotConnected();
    let late = true;
    try {
      return await withDeadline('Redis', COMMAND_MS, async () => {
        try {
          return await fn(client);
        } finally {
          late = false;
        }
      });
    } finally {
      if (late) client.destroy();
    }
  }

  /** Ends with all that it has open; a connection that is being made, within 3 s. */
  async close(): Promise<void> {
    this.#end.abort(new Error('closed'));
    this.#client?.destroy();
    await this.#loop;
  }

  async #keep(): Promise<void> {
    const { clock, onUp, onDown } = this.#options;
    const { signal } = this.#end;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = clock.monotonic();
      let wasUp = false;
      const client = makeClient(this.#options);
      const lost = new Promise<unknown>((resolve) =>
        client.once('error', resolve).once('end', () => resolve(new Error('closed'))),
      );
      try {
        await client.connect();
        await withDeadline('Redis', COMMAND_MS, () => client.ping());
        this.#client = client;
        if (!signal.aborted) {
          wasUp = true;
          onUp();
          throw await lost;
        }
      } catch (error) {
        this.#client = undefined;
        const now = clock.monotonic();
        if (now - began > STABLE_MS) attempt = 0;
        // A connection that was made and lost is news of this moment; an attempt is news of when it began.
        if (!signal.aborted) onDown(wasUp ? now : began, error);
      }
      client.destroy();
      await sleep(backoffDelay(attempt, BACKOFF), signal, clock).catch(() => {});
    }
  }
}

function makeClient({ address: { host, port }, database, username, password }: LinkOptions) {
  const client = createClient({
    RESP: 2,
    socket: { host, port, connectTimeout: CONNECT_MS, reconnectStrategy: false },
    database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_WAITING,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  });
  // Told through the promises; without a listener it would end the process.
  client.on('error', () => {});
  return client;
}
