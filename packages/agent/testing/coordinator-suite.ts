/** The conformance suite of the coordinator port: for the fake and for etcd. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Coordinator, KeyState } from '../src/ports/coordinator.js';

/** A coordinator, the store behind it, and what a test may do to that store. */
export interface CoordinatorFixture {
  readonly coordinator: Coordinator;
  /** Another user of the same store and prefix, for example a manager. */
  readonly other: Coordinator;
  /** Another user of the same store with a prefix of its own that begins alike. */
  readonly stranger: Coordinator;
  /** The store cannot be reached until {@link comeBack}. */
  goAway(): Promise<void>;
  /** With `leasesLost` the store was away for longer than any lease lasts. */
  comeBack(options?: { readonly leasesLost: boolean }): Promise<void>;
  dispose(): Promise<void>;
}

/** Short, so that a case need not wait for long. In seconds. */
const TTL = 2;

export function coordinatorConformance(name: string, factory: () => Promise<CoordinatorFixture>): void {
  describe(`${name} keeps the contract of the coordinator port`, () => {
    let fixture: CoordinatorFixture;
    let coordinator: Coordinator;
    let other: Coordinator;
    beforeEach(async () => {
      fixture = await factory();
      ({ coordinator, other } = fixture);
    });
    afterEach(() => fixture.dispose());

    it('gives what was put, and null for what was not', async () => {
      await coordinator.probe();
      await coordinator.put({ 'a/b': 'one', 'a/c': 'zwölf ☂', 'a/empty': '' });
      expect(await coordinator.get('a/b')).toBe('one');
      expect(await other.get('a/c')).toBe('zwölf ☂');
      expect(await other.get('a/empty')).toBe('');
      expect(await coordinator.get('a/d')).toBeNull();
      expect(await coordinator.get('a')).toBeNull();
    });

    it('lists by prefix, sorted, and nothing of others', async () => {
      await coordinator.put({ 'n/i-h10': '1', 'n/i-h1/ip': '2', 'n/i-h1': '3', m: '4' });
      await fixture.stranger.put({ 'n/i-h1': 'not ours' });
      expect(await coordinator.list('n/i-h1')).toEqual([
        { key: 'n/i-h1', value: '3' },
        { key: 'n/i-h1/ip', value: '2' },
        { key: 'n/i-h10', value: '1' },
      ]);
      expect((await coordinator.list('n/i-h1/')).map(({ key }) => key)).toEqual(['n/i-h1/ip']);
      expect((await coordinator.list('')).map(({ key }) => key)).toEqual(['m', 'n/i-h1', 'n/i-h1/ip', 'n/i-h10']);
      expect(await coordinator.list('nothing/')).toEqual([]);
    });

    it('lists more than one page', async () => {
      const key = (i: number) => `many/${String(i).padStart(4, '0')}`;
      for (let from = 0; from < 1100; from += 100)
        await coordinator.put(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [key(from + i), String(from + i)])));
      const listed = await coordinator.list('many/');
      expect(listed.map((entry) => entry.key)).toEqual(Array.from({ length: 1100 }, (_, i) => key(i)));
    });

    it('removes exactly the keys that are named', async () => {
      await coordinator.put({ 'n/i-h1': 'a', 'n/i-h10': 'b', 'n/i-h1/ip': 'c', 'n/i-h1-x': 'd' });
      expect(await coordinator.remove(['n/i-h1', 'n/i-h1/ip', 'n/i-h1', 'n/none'])).toBe(2);
      expect((await coordinator.list('n/')).map(({ key }) => key)).toEqual(['n/i-h1-x', 'n/i-h10']);
    });

    it('writes all or nothing', async () => {
      const many = Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`x/${i}`, 'v']));
      await expect(coordinator.put(many)).rejects.toMatchObject({ code: 'too-large' });
      expect(await coordinator.list('x/')).toEqual([]);
    });

    it('tells the state of followed keys, then each change', async () => {
      await other.put({ a: '1' });
      const followed = follow(coordinator, ['a', 'b']);
      await followed.until({ a: '1', b: null });
      for (let i = 2; i < 30; i++) await other.put({ a: String(i), unrelated: 'x', ab: 'x' });
      await other.put({ b: 'b' });
      await followed.until({ a: '29', b: 'b' });
      await other.remove(['a']);
      await followed.until({ a: null, b: 'b' });
      expect(followed.told.filter(({ key }) => key === 'a').map(({ value }) => value)).toEqual([
        ...Array.from({ length: 29 }, (_, i) => String(i + 1)),
        null,
      ]);
      await followed.end();
    });

    it('misses nothing between the look and the watch', async () => {
      let writing = true;
      const writer = (async () => {
        for (let i = 0; writing; i++) await other.put({ counter: String(i) });
      })();
      const follows = Array.from({ length: 5 }, () => follow(coordinator, ['counter']));
      for (const one of follows) await one.settled((told) => told.length >= 10);
      writing = false;
      await writer;
      const last = await other.get('counter');
      for (const one of follows) {
        await one.until({ counter: last });
        const numbers = one.told.map(({ value }) => Number(value));
        expect(numbers).toEqual(Array.from(numbers, (_, i) => numbers[0]! + i));
        await one.end();
      }
    });

    it('makes up for what changed while the store was away', async () => {
      await other.put({ 'nodes/manager': 'old', gone: 'x' });
      const followed = follow(coordinator, ['nodes/manager', 'gone']);
      await followed.until({ 'nodes/manager': 'old', gone: 'x' });
      await fixture.goAway();
      await expect(coordinator.get('gone')).rejects.toMatchObject({ code: 'coordinator-unavailable' });
      expect(coordinator.state().ok).toBe(false);
      await fixture.comeBack();
      await eventually(() => other.put({ 'nodes/manager': 'new' }));
      await other.remove(['gone']);
      await followed.until({ 'nodes/manager': 'new', gone: null });
      expect(coordinator.state()).toEqual({ ok: true, detail: '' });
      await followed.end();
    });

    it('ends a follow with its signal, and with the coordinator', async () => {
      const first = follow(coordinator, ['a']);
      const second = follow(coordinator, ['a']);
      await first.until({ a: null });
      await first.end();
      await second.until({ a: null });
      await coordinator.close();
      await second.ended;
      expect(await collect(coordinator.follow(['a'], AbortSignal.abort()))).toEqual([]);
    });

    it('ends a follow without harm to what else is under way', async () => {
      for (let i = 0; i < 30; i++) {
        const followed = follow(coordinator, ['a']);
        await followed.until({ a: null });
        const gets = Array.from({ length: 5 }, () => coordinator.get('a'));
        await followed.end();
        gets.push(coordinator.get('a'), coordinator.get('a'));
        await Promise.all(gets);
      }
    });

    it('holds keys for longer than their lease lasts', async () => {
      const held = await coordinator.hold({ 'nodes/agents/i-h1': 'running', 'nodes/agents/i-h1/ip': '10.0.0.1' }, TTL);
      await new Promise((resolve) => setTimeout(resolve, TTL * 1000 * 2));
      expect(await other.list('nodes/agents/')).toEqual([
        { key: 'nodes/agents/i-h1', value: 'running' },
        { key: 'nodes/agents/i-h1/ip', value: '10.0.0.1' },
      ]);
      await held.release();
    });

    it('replaces what it holds, and releases exactly that', async () => {
      await other.put({ 'n/i-h10': 'a neighbour', 'n/i-h1-x': 'a neighbour' });
      const held = await coordinator.hold({ 'n/i-h1': 'starting', 'n/old': 'x' }, TTL);
      await held.update({ 'n/i-h1': 'running', 'n/i-h1/ip': 'here' });
      const all = async () => (await other.list('n/')).map(({ key, value }) => `${key}=${value}`);
      expect(await all()).toEqual(['n/i-h1=running', 'n/i-h1-x=a neighbour', 'n/i-h1/ip=here', 'n/i-h10=a neighbour']);
      await held.release();
      expect(await all()).toEqual(['n/i-h1-x=a neighbour', 'n/i-h10=a neighbour']);
      await held.release();
    });

    it('does not remove what somebody else has taken over', async () => {
      const old = await coordinator.hold({ a: 'old' }, 60);
      const young = await other.hold({ a: 'young' }, 60);
      await old.release();
      expect(await other.get('a')).toBe('young');
      await young.release();
      expect(await other.get('a')).toBeNull();
    });

    it('puts right what somebody else removed or changed', async () => {
      const held = await coordinator.hold({ a: '1', b: '2' }, TTL);
      await other.remove(['a']);
      await other.put({ b: 'wrong' });
      await until(async () => (await other.get('a')) === '1' && (await other.get('b')) === '2');
      await held.release();
      expect(await other.list('')).toEqual([]);
    });

    it('takes a new lease when the old one is lost', async () => {
      const held = await coordinator.hold({ a: '1' }, TTL);
      await fixture.goAway();
      await held.update({ a: '2', b: '3' });
      await fixture.comeBack({ leasesLost: true });
      await until(async () => (await other.get('a')) === '2' && (await other.get('b')) === '3');
      await held.release();
      expect(await eventually(() => other.list(''))).toEqual([]);
    });

    it('holds when the store is back what it was told while it was away', async () => {
      await fixture.goAway();
      await expect(coordinator.probe()).rejects.toMatchObject({ code: 'coordinator-unavailable' });
      const held = await coordinator.hold({ a: '1' }, 60);
      await fixture.comeBack();
      await until(async () => (await other.get('a')) === '1');
      await fixture.goAway();
      const began = performance.now();
      await held.release();
      expect(performance.now() - began).toBeLessThan(8_000);
      await fixture.comeBack();
    });
  });
}

/** Follows and remembers. */
function follow(coordinator: Coordinator, keys: readonly string[]) {
  const controller = new AbortController();
  const told: KeyState[] = [];
  let changed = () => {};
  const ended = (async () => {
    for await (const state of coordinator.follow(keys, controller.signal)) {
      told.push(state);
      changed();
    }
  })();
  const settled = async (isSo: (told: readonly KeyState[]) => boolean) => {
    while (!isSo(told)) await new Promise<void>((resolve) => (changed = resolve));
  };
  const latest = () => Object.fromEntries(told.map(({ key, value }) => [key, value]));
  return {
    told,
    settled,
    ended,
    /** Until the latest states are these. */
    until: (states: Record<string, string | null>) =>
      settled(() => Object.entries(states).every(([key, value]) => latest()[key] === value)),
    end: async () => {
      controller.abort();
      await ended;
    },
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Looks again until it is so; a failure counts as not yet. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Tries again until it succeeds. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
