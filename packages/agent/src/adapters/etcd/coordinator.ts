import { systemClock, type Clock } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Coordinator, CoordinatorState, Entries, HeldKeys, KeyState } from '../../ports/coordinator.js';
import { EtcdConnection, type EtcdOptions } from './connection.js';
import { follow, type Look, type Watched } from './follow.js';
import { Hold } from './hold.js';
import { bytes, rangeEnd, successor } from './keys.js';
import { watchKeys } from './watch.js';

const PAGE = 500;
const MOST_KEYS = 100_000;

/** The coordinator port on etcd 3.4 or later. Connects when it is first asked. */
export class EtcdCoordinator implements Coordinator {
  readonly #connection: EtcdConnection;
  readonly #options: EtcdOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #holds = new Set<Hold>();

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#connection = new EtcdConnection(options);
  }

  async probe(signal?: AbortSignal): Promise<void> {
    await this.get('', signal);
  }

  async get(key: string, signal?: AbortSignal): Promise<string | null> {
    const { states } = await this.#look([key], signal);
    return states[0]!.value;
  }

  async list(prefix: string, signal?: AbortSignal): Promise<{ readonly key: string; readonly value: string }[]> {
    const start = bytes(this.#options.prefix + prefix);
    const found: { key: string; value: string }[] = [];
    let from = start;
    let revision: string | undefined;
    for (;;) {
      const range = { key: from, range_end: rangeEnd(start), limit: PAGE, ...(revision === undefined ? {} : { revision }) };
      const page = await this.#connection.call('listing keys', (client, options) => client.kv.range(range, options), signal);
      for (const { key, value } of page.kvs) found.push({ key: this.#relative(key), value: value.toString() });
      if (!page.more || page.kvs.length === 0) return found;
      if (found.length > MOST_KEYS)
        throw new BerthError('too-large', `there are more than ${MOST_KEYS} keys below ${JSON.stringify(prefix)}`);
      // All pages show the same moment.
      revision ??= page.header.revision;
      from = successor(page.kvs.at(-1)!.key);
    }
  }

  async put(entries: Entries, signal?: AbortSignal): Promise<void> {
    const success = Object.entries(entries).map(([key, value]) => ({
      request_put: { key: this.#absolute(key), value: bytes(value) },
    }));
    if (success.length === 0) return;
    await this.#connection.call('writing keys', (client, options) => client.kv.txn({ success }, options), signal);
  }

  async remove(keys: readonly string[], signal?: AbortSignal): Promise<number> {
    // etcd refuses a transaction that names a key twice.
    const success = [...new Set(keys)].map((key) => ({ request_delete_range: { key: this.#absolute(key) } }));
    if (success.length === 0) return 0;
    const { responses } = await this.#connection.call(
      'removing keys',
      (client, options) => client.kv.txn({ success }, options),
      signal,
    );
    return responses.reduce((sum, { response_delete_range }) => sum + Number(response_delete_range.deleted), 0);
  }

  follow(keys: readonly string[], signal: AbortSignal): AsyncGenerator<KeyState> {
    return follow(this.watched(keys), AbortSignal.any([signal, this.#closing.signal]), this.#clock);
  }

  /** The two halves of {@link follow}. */
  watched(keys: readonly string[]): Watched {
    const { prefix } = this.#options;
    return {
      look: (signal) => this.#look(keys, signal),
      watch: (revision, signal) => watchKeys(this.#connection, prefix, keys, revision, signal),
    };
  }

  async hold(entries: Entries, ttlSeconds: number): Promise<HeldKeys> {
    const { prefix, logger } = this.#options;
    const hold = new Hold(entries, { connection: this.#connection, prefix, ttlSeconds, logger, clock: this.#clock });
    this.#holds.add(hold);
    await hold.settled();
    return hold;
  }

  state(): CoordinatorState {
    return this.#connection.state;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the coordinator is closed'));
    await Promise.all([...this.#holds].map((hold) => hold.stop()));
    this.#connection.close();
  }

  /** In one transaction, so that all states and the revision belong together. */
  async #look(keys: readonly string[], signal?: AbortSignal): Promise<Look> {
    const success = keys.map((key) => ({ request_range: { key: this.#absolute(key) } }));
    const { header, responses } = await this.#connection.call(
      'reading keys',
      (client, options) => client.kv.txn({ success }, options),
      signal,
    );
    const states = keys.map((key, i) => ({ key, value: responses[i]?.response_range.kvs[0]?.value.toString() ?? null }));
    return { states, revision: header.revision };
  }

  #absolute(key: string): Buffer {
    return bytes(this.#options.prefix + key);
  }

  #relative(key: Buffer): string {
    return key.toString().slice(this.#options.prefix.length);
  }
}
