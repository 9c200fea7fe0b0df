/** The conformance suite of the object store port: for the fake and for S3. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore, ObjectToPut } from '../src/ports/object-store.js';

export interface StoredObject {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly sha256: string | undefined;
}

export interface ObjectStoreFixture {
  readonly store: ObjectStore;
  /** The same place, asked for with a key that it does not take. */
  readonly stranger: ObjectStore;
  /** What anybody gets at an address; undefined where there is nothing. */
  fetch(address: string): Promise<StoredObject | undefined>;
  keys(): Promise<readonly string[]>;
  goAway(): void;
  comeBack(): void;
  dispose(): Promise<void>;
}

const MIB = 2 ** 20;

/** Names that users choose, and programs. */
export const ODD_NAMES = [
  'a b/c  d.txt',
  'übung/größe.txt',
  'o\u0308ffnen',
  '100%.txt',
  '%41+%2F',
  'a+b=c&d?e#f.txt',
  'line\nbreak.txt',
  'tab\tquote"\'<>&;.txt',
  '(1)*~!$,:@[x]{y}|^`\\',
  '漢字/😀.png',
];

export function objectStoreConformance(name: string, factory: () => Promise<ObjectStoreFixture>): void {
  describe(`${name} keeps the contract of the object store port`, { timeout: 60_000 }, () => {
    let fixture: ObjectStoreFixture;
    let store: ObjectStore;
    const never = new AbortController().signal;
    beforeEach(async () => {
      fixture = await factory();
      ({ store } = fixture);
    });
    afterEach(() => fixture.dispose());

    it('keeps bytes and content type', async () => {
      await store.put(object('a/b.txt', [Buffer.from('gr'), Buffer.from('üße')], 'text/plain; charset=utf-8'), never);
      const { bytes, contentType } = (await fixture.fetch(store.address('a/b.txt')))!;
      expect([bytes.toString(), contentType]).toEqual(['grüße', 'text/plain; charset=utf-8']);
    });

    it('keeps the sum that it is told, and none of its own', async () => {
      for (const sha256 of ['ab'.repeat(32), undefined])
        for (const size of [10, 6 * MIB]) {
          await store.put({ ...object('summed', [Buffer.alloc(size)]), sha256 }, never);
          expect((await fixture.fetch(store.address('summed')))!.sha256).toBe(sha256);
        }
    });

    it('keeps nothing as well', async () => {
      await store.put(object('empty', []), never);
      expect((await fixture.fetch(store.address('empty')))!.bytes.length).toBe(0);
    });

    it.each(ODD_NAMES)('has an address for %j', async (odd) => {
      await store.put(object(odd, [Buffer.from(odd)]), never);
      expect((await fixture.fetch(store.address(odd)))!.bytes.toString()).toBe(odd);
      expect(await fixture.keys()).toEqual([odd]);
    });

    it('replaces what was there', async () => {
      await store.put(object('same', [Buffer.from('old')]), never);
      await store.put(object('same', [Buffer.from('new')]), never);
      expect((await fixture.fetch(store.address('same')))!.bytes.toString()).toBe('new');
    });

    it('takes what is larger than one part', async () => {
      const chunks = Array.from({ length: 13 }, (_, i) => Buffer.alloc(MIB + i, i));
      await store.put(object('large', chunks), never);
      const { bytes } = (await fixture.fetch(store.address('large')))!;
      expect(sha256(bytes)).toBe(sha256(Buffer.concat(chunks)));
    });

    it('gives addresses that work once the object is there', async () => {
      const early = store.address('later');
      expect(await fixture.fetch(early)).toBeUndefined();
      await store.put(object('later', [Buffer.from('now')]), never);
      expect((await fixture.fetch(early))!.bytes.toString()).toBe('now');
    });

    it.each([0, 6 * MIB])('shows nothing of an object whose content ended early, after %d bytes', async (given) => {
      const cut = { ...object('cut', [Buffer.alloc(given)]), size: given + 1 };
      await expect(store.put(cut, never)).rejects.toMatchObject({ code: 'bad-request' });
      expect(await fixture.keys()).toEqual([]);
    });

    it('says that it is not let in, and nothing of the secret', async () => {
      const put = fixture.stranger.put(object('x', [Buffer.from('x')]), never);
      const error = await put.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'store-forbidden' });
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('not-the-secret');
      await expect(fixture.stranger.probe(never)).rejects.toMatchObject({ code: 'store-forbidden' });
      expect(await fixture.keys()).toEqual([]);
    });

    it('says soon that it is away, and works when it is back', async () => {
      await store.probe(never);
      fixture.goAway();
      const began = performance.now();
      await expect(store.put(object('x', [Buffer.from('x')]), never)).rejects.toMatchObject({ code: 'store-unavailable' });
      await expect(store.probe(never)).rejects.toMatchObject({ code: 'store-unavailable' });
      expect(performance.now() - began).toBeLessThan(5_000);
      fixture.comeBack();
      await store.probe(never);
      await store.put(object('x', [Buffer.from('x')]), never);
      expect(await fixture.keys()).toEqual(['x']);
    });

    it('stops when its caller has gone away', async () => {
      const controller = new AbortController();
      const endless = async function* () {
        for (let sent = 0; ; sent++) {
          if (sent === 8) controller.abort(new Error('gone'));
          yield Buffer.alloc(MIB);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const put = store.put({ ...object('endless', []), content: endless(), size: 1e9 }, controller.signal);
      await expect(put).rejects.toThrow('gone');
      await expect(store.put(object('late', []), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
      expect(await fixture.keys()).toEqual([]);
    });
  });
}

export function object(key: string, chunks: readonly Buffer[], contentType = 'application/octet-stream'): ObjectToPut {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return { key, contentType, size, content: each(chunks) };
}

async function* each(chunks: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
