/** The conformance suite of the statistics store port: for the fake and for Redis. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatisticsStore } from '../src/ports/statistics-store.js';
import { until } from './coordinator-suite.js';

export interface StatisticsStoreFixture {
  readonly store: StatisticsStore;
  /** As somebody else sees it. */
  read(key: string): Promise<Record<string, string>>;
  /** Seconds until the key expires. */
  ttl(key: string): Promise<number>;
  goAway(): void;
  comeBack(): void;
  dispose(): Promise<void>;
}

export function statisticsStoreConformance(name: string, factory: () => Promise<StatisticsStoreFixture>): void {
  describe(`${name} keeps the contract of the statistics store port`, () => {
    let fixture: StatisticsStoreFixture;
    let store: StatisticsStore;
    beforeEach(async () => {
      fixture = await factory();
      ({ store } = fixture);
      await until(async () => store.state().ok);
    });
    afterEach(() => fixture.dispose());

    it('writes fields as they are given, and leaves the others', async () => {
      await store.write('kernel', { cpu_used: '12.34', mem_max_bytes: '9007199254740993' }, 30);
      await store.write('kernel', { cpu_used: '13', zwölf: '☂' }, 30);
      expect(await fixture.read('kernel')).toEqual({ cpu_used: '13', mem_max_bytes: '9007199254740993', zwölf: '☂' });
    });

    it('renews the expiry with each sample', async () => {
      await store.write('kernel', { a: '1' }, 5);
      expect(await fixture.ttl('kernel')).toBeLessThanOrEqual(5);
      await store.write('kernel', { b: '2' }, 30);
      expect(await fixture.ttl('kernel')).toBeGreaterThan(25);
      expect(await fixture.ttl('kernel')).toBeLessThanOrEqual(30);
    });

    it('does nothing without fields', async () => {
      await store.write('kernel', {}, 30);
      expect(await fixture.read('kernel')).toEqual({});
    });

    it('rejects soon while the store is away, and is there again when it is back', async () => {
      fixture.goAway();
      const began = performance.now();
      const lost = { code: 'coordinator-unavailable' };
      for (let i = 0; i < 5; i++) await expect(store.write('kernel', { a: String(i) }, 30)).rejects.toMatchObject(lost);
      expect(performance.now() - began).toBeLessThan(1_000);
      expect(store.state()).toMatchObject({ ok: false, detail: expect.stringMatching(/./) as string });
      fixture.comeBack();
      await until(async () => (await store.write('kernel', { a: 'new' }, 30), true));
      expect(await fixture.read('kernel')).toEqual({ a: 'new' });
      expect(store.state()).toEqual({ ok: true, detail: '' });
    });
  });
}
