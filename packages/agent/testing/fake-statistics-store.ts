/** A statistics store in memory. Nothing expires by itself: `expires` tells when it would. */
import { systemClock, type Clock } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { StatisticsStore } from '../src/ports/statistics-store.js';

export class FakeStatisticsStore implements StatisticsStore {
  readonly hashes = new Map<string, Map<string, string>>();
  /** Milliseconds since the epoch, by key. */
  readonly expires = new Map<string, number>();
  readonly moves: { readonly host: string; readonly port: number }[] = [];
  away = false;
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async write(key: string, fields: Readonly<Record<string, string>>, expireSeconds: number): Promise<void> {
    if (Object.keys(fields).length === 0) return;
    if (this.away) throw new BerthError('coordinator-unavailable', 'the fake store is away');
    const hash = this.hashes.get(key) ?? new Map<string, string>();
    this.hashes.set(key, hash);
    for (const [field, value] of Object.entries(fields)) hash.set(field, value);
    this.expires.set(key, this.#clock.now() + expireSeconds * 1000);
  }

  moveTo(address: { readonly host: string; readonly port: number }): void {
    const last = this.moves.at(-1);
    if (last?.host !== address.host || last.port !== address.port) this.moves.push(address);
  }

  state(): { readonly ok: boolean; readonly detail: string } {
    return this.away ? { ok: false, detail: 'the fake store is away' } : { ok: true, detail: '' };
  }

  async close(): Promise<void> {}
}
