/**
 * The coordinator port: the store that a manager and its agents share. Adapter: `adapters/etcd`; a fake in `testing/`. Keys are
 * relative to the front's own prefix (for the 1.4 dialect `/sorna/<namespace>/`, seed spec 4.1); values are text.
 *
 * Errors: `coordinator-unavailable`, `coordinator-forbidden`, `timeout`. Each call has a deadline of its own.
 */

/** A key as it is now: `value` is null when there is none. */
export interface KeyState {
  readonly key: string;
  readonly value: string | null;
}

/** Keys that are there for as long as their holder lives. */
export interface HeldKeys {
  /** Replaces what is held, in one transaction: keys that are not named any more are removed. While the store is away it is remembered. */
  update(entries: Readonly<Record<string, string>>): Promise<void>;
  /** Removes exactly these keys and lets the lease go. Gives up quietly after a few seconds: the lease ends by itself. */
  release(): Promise<void>;
}

/** For status and logs. */
export interface CoordinatorState {
  readonly ok: boolean;
  /** Why it cannot be used; empty when it can. */
  readonly detail: string;
}

export interface Coordinator {
  /** Rejects when the store cannot be used: asked once at start, so that a wrong address or password ends it at once. */
  probe(signal?: AbortSignal): Promise<void>;
  get(key: string, signal?: AbortSignal): Promise<string | null>;
  /** All keys below `prefix`, sorted; a prefix that does not end in `/` also matches longer names. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** In one transaction. */
  put(entries: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  /** Exactly these keys, in one transaction. */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /**
   * Tells each key's state now, then every change, with nothing missed in between: what was lost while the store was away is made
   * up for by a new look. A state may be told twice. Never rejects while `signal` is not aborted; ends with it.
   */
  follow(keys: readonly string[], signal: AbortSignal): AsyncIterable<KeyState>;
  /**
   * Holds keys under a lease of `ttlSeconds`. When the lease is lost (store away for too long, clock set, keys compacted), a new one
   * is taken and the keys are written again, with back-off and jitter, for as long as it takes.
   */
  hold(entries: Readonly<Record<string, string>>, ttlSeconds: number): Promise<HeldKeys>;
  state(): CoordinatorState;
  close(): Promise<void>;
}
