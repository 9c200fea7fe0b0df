/**
 * The coordinator port: the store that a manager and its agents share. Adapter: `adapters/etcd`; a fake in `testing/`. Keys are
 * relative to the front's own prefix (for the 1.4 dialect `/sorna/<namespace>/`, seed spec 4.1); values are text.
 *
 * Errors: `coordinator-unavailable` (also when it does not answer in time), `coordinator-forbidden`, `too-large`. Each call has a
 * deadline of its own, 3 s per address of the store.
 */

/** A key as it is now: `value` is null when there is none. */
export interface KeyState {
  readonly key: string;
  readonly value: string | null;
}

/** Keys by name, with their values. */
export type Entries = Readonly<Record<string, string>>;

/** Keys that are there for as long as their holder lives. */
export interface HeldKeys {
  /**
   * Replaces what is held, in one transaction: keys that are not named any more are removed. Resolves when it is written, or when
   * the store is away: then it is remembered, and written later. Never rejects.
   */
  update(entries: Entries): Promise<void>;
  /**
   * Removes exactly these keys, as far as nobody else has taken them over, and lets the lease go. Never rejects: gives up quietly
   * after a few seconds, as the lease ends by itself.
   */
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
  /** All keys below `prefix`, sorted by their bytes; a prefix that does not end in `/` also matches longer names. At most 100 000. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** In one transaction; at most 128 keys (the limit of etcd as it comes). */
  put(entries: Entries, signal?: AbortSignal): Promise<void>;
  /** Exactly these keys, in one transaction; at most 128. Resolves with how many of them there were. */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<number>;
  /**
   * Tells each key's state now, then every change, with nothing missed in between: what was lost while the store was away is made
   * up for by a new look, which tells what differs. At most 128 keys. Never rejects; ends with `signal`.
   */
  follow(keys: readonly string[], signal: AbortSignal): AsyncIterable<KeyState>;
  /**
   * Holds keys under a lease of `ttlSeconds`. When the lease is lost (store away for too long, clock set, data lost), a new one
   * is taken and the keys are written again, with back-off and jitter, for as long as it takes; keys that somebody else removed or
   * changed are put right at the next renewal, every third of the lease. Resolves as {@link HeldKeys.update} does.
   */
  hold(entries: Entries, ttlSeconds: number): Promise<HeldKeys>;
  state(): CoordinatorState;
  /** Ends every follow and hold, without removing what is held. */
  close(): Promise<void>;
}
