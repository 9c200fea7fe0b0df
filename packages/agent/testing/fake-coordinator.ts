/** A coordinator in memory, with a store that several share as agents and managers share etcd. */
import { AsyncQueue, systemClock, type Clock, type Timer } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Coordinator, CoordinatorState, Entries, HeldKeys, KeyState } from '../src/ports/coordinator.js';

interface Kept {
  readonly value: string;
  readonly lease: object | undefined;
}

/** What all coordinators of one store see. Keys are absolute. */
export class FakeStore {
  readonly keys = new Map<string, Kept>();
  readonly #watchers = new Set<(key: string, value: string | null) => void>();
  readonly #holds = new Set<FakeHold>();
  /** Why it cannot be used; undefined when it can. */
  fault: 'coordinator-unavailable' | 'coordinator-forbidden' | undefined;

  check(): void {
    if (this.fault) throw new BerthError(this.fault, 'the fake store cannot be used');
  }

  put(key: string, value: string, lease?: object): void {
    this.keys.set(key, { value, lease });
    this.#tell(key, value);
  }

  remove(key: string): boolean {
    if (!this.keys.delete(key)) return false;
    this.#tell(key, null);
    return true;
  }

  watch(watcher: (key: string, value: string | null) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** The holders look again: what a renewal of the lease does in time. */
  register(hold: FakeHold): () => void {
    this.#holds.add(hold);
    return () => void this.#holds.delete(hold);
  }

  /** Goes away; with `leases` for so long that no lease survives it. */
  goAway(fault: NonNullable<FakeStore['fault']> = 'coordinator-unavailable'): void {
    this.fault = fault;
  }

  comeBack({ leasesLost = false } = {}): void {
    this.fault = undefined;
    if (leasesLost) this.expireLeases();
    for (const hold of this.#holds) hold.makeItSo();
    for (const watcher of this.#watchers) for (const [key, { value }] of this.keys) watcher(key, value);
  }

  expireLeases(): void {
    for (const [key, { lease }] of this.keys) if (lease) this.remove(key);
  }

  #tell(key: string, value: string | null): void {
    if (this.fault) return;
    for (const watcher of this.#watchers) watcher(key, value);
  }
}

export class FakeCoordinator implements Coordinator {
  readonly store: FakeStore;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #holds = new Set<FakeHold>();

  constructor(store: FakeStore = new FakeStore(), prefix = '/sorna/local/', clock: Clock = systemClock) {
    this.store = store;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async probe(): Promise<void> {
    this.store.check();
  }

  async get(key: string): Promise<string | null> {
    this.store.check();
    return this.store.keys.get(this.#prefix + key)?.value ?? null;
  }

  async list(prefix: string): Promise<{ readonly key: string; readonly value: string }[]> {
    this.store.check();
    return [...this.store.keys]
      .filter(([key]) => key.startsWith(this.#prefix + prefix))
      .map(([key, { value }]) => ({ key: key.slice(this.#prefix.length), value }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  async put(entries: Entries): Promise<void> {
    this.store.check();
    limit(Object.keys(entries));
    for (const [key, value] of Object.entries(entries)) this.store.put(this.#prefix + key, value);
  }

  async remove(keys: readonly string[]): Promise<number> {
    this.store.check();
    limit(keys);
    return [...new Set(keys)].filter((key) => this.store.remove(this.#prefix + key)).length;
  }

  async *follow(keys: readonly string[], signal: AbortSignal): AsyncGenerator<KeyState> {
    const until = AbortSignal.any([signal, this.#closing.signal]);
    const queue = new AsyncQueue<KeyState>();
    const wanted = new Map(keys.map((key) => [this.#prefix + key, key]));
    const told = new Map<string, string | null>();
    const tell = (key: string, value: string | null) => {
      const relative = wanted.get(key);
      if (relative === undefined || (told.has(key) && told.get(key) === value)) return;
      told.set(key, value);
      queue.push({ key: relative, value });
    };
    const unwatch = this.store.watch(tell);
    const onAbort = () => queue.end();
    until.addEventListener('abort', onAbort, { once: true });
    if (until.aborted) onAbort();
    else if (!this.store.fault) for (const key of wanted.keys()) tell(key, this.store.keys.get(key)?.value ?? null);
    try {
      yield* queue;
    } finally {
      unwatch();
      until.removeEventListener('abort', onAbort);
    }
  }

  async hold(entries: Entries, ttlSeconds: number): Promise<HeldKeys> {
    const hold = new FakeHold(this.store, this.#prefix, entries, ttlSeconds, this.#clock);
    this.#holds.add(hold);
    hold.makeItSo();
    return hold;
  }

  state(): CoordinatorState {
    return this.store.fault ? { ok: false, detail: 'the fake store cannot be used' } : { ok: true, detail: '' };
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    for (const hold of this.#holds) hold.stop();
  }
}

class FakeHold implements HeldKeys {
  readonly #store: FakeStore;
  readonly #prefix: string;
  readonly #lease = {};
  readonly #everyMs: number;
  readonly #clock: Clock;
  #entries: Entries;
  #timer: Timer | undefined;
  readonly #unregister: () => void;

  constructor(store: FakeStore, prefix: string, entries: Entries, ttlSeconds: number, clock: Clock) {
    this.#store = store;
    this.#prefix = prefix;
    this.#entries = entries;
    this.#everyMs = (ttlSeconds * 1000) / 3;
    this.#clock = clock;
    this.#unregister = store.register(this);
  }

  async update(entries: Entries): Promise<void> {
    this.#entries = entries;
    this.makeItSo();
  }

  async release(): Promise<void> {
    this.stop();
    if (!this.#store.fault) for (const key of this.#ours()) this.#store.remove(key);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#unregister();
  }

  makeItSo(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#everyMs, () => this.makeItSo());
    if (this.#store.fault) return;
    const wanted = new Map(Object.entries(this.#entries).map(([key, value]) => [this.#prefix + key, value]));
    for (const key of this.#ours()) if (!wanted.has(key)) this.#store.remove(key);
    for (const [key, value] of wanted) {
      const kept = this.#store.keys.get(key);
      if (kept?.value !== value || kept.lease !== this.#lease) this.#store.put(key, value, this.#lease);
    }
  }

  #ours(): string[] {
    return [...this.#store.keys].filter(([, { lease }]) => lease === this.#lease).map(([key]) => key);
  }
}

function limit(keys: readonly string[]): void {
  if (keys.length > 128) throw new BerthError('too-large', 'the fake store takes at most 128 keys at once');
}
