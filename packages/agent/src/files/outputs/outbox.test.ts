import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Outbox } from './outbox.js';

describe('the outbox', () => {
  let directory: string;
  const below = (name: string): string => join(directory, 'outbox', name);
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-outbox-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const opened = () => Outbox.open(join(directory, 'outbox'));
  const add = async (outbox: Outbox, key: string, text: string) => {
    await writeFile(join(directory, 'source'), text);
    const source = await open(join(directory, 'source'), 'r');
    try {
      return (await outbox.add(source, { key, contentType: 'x/y', since: 5 }, 100)).waiting;
    } finally {
      await source.close();
    }
  };
  const keys = (outbox: Outbox): string[] => [...outbox.all()].map(({ key }) => key);

  it('gives back what waits, in its order, in the next life too', async () => {
    const { outbox } = await opened();
    for (const key of ['c', 'a', 'b']) await add(outbox, key, `text of ${key}`);
    const { outbox: next, damaged } = await opened();
    expect([keys(next), next.count, next.bytes, damaged]).toEqual([['c', 'a', 'b'], 3, 27, 0]);
    expect([...next.all()][1]).toEqual({
      number: 2,
      key: 'a',
      contentType: 'x/y',
      size: 9,
      since: 5,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const file = await next.content(2);
    expect(await file.readFile('utf8')).toBe('text of a');
    await file.close();
    expect((await add(next, 'd', '')).number).toBe(4);
  });

  it('forgets what was removed, and leaves nothing of it', async () => {
    const { outbox } = await opened();
    const { number } = await add(outbox, 'a', 'x');
    await outbox.remove(number);
    expect([outbox.count, outbox.bytes, await readdir(join(directory, 'outbox'))]).toEqual([0, 0, []]);
  });

  it('removes what a crash left half done', async () => {
    const { outbox } = await opened();
    await add(outbox, 'whole', 'x');
    await writeFile(below('7.data'), 'a copy without its description');
    await writeFile(below('8.json.abc.tmp'), '{');
    const { outbox: next, damaged } = await opened();
    expect([keys(next), damaged]).toEqual([['whole'], 0]);
    expect((await readdir(join(directory, 'outbox'))).sort()).toEqual(['1.data', '1.json']);
  });

  it('tells of what counted and is damaged, and keeps the rest', async () => {
    const { outbox } = await opened();
    for (const key of ['short', 'gone', 'garbled', 'whole']) await add(outbox, key, 'text');
    await truncate(below('1.data'), 2);
    await rm(below('2.data'));
    await writeFile(below('3.json'), '{"v":1,"key":');
    const { outbox: next, damaged } = await opened();
    expect([keys(next), damaged]).toEqual([['whole'], 3]);
  });

  it('leaves what a later version has written', async () => {
    const { outbox } = await opened();
    await add(outbox, 'a', 'x');
    const text = (await readFile(below('1.json'), 'utf8')).replace('"v":1', '"v":2');
    await writeFile(below('1.json'), text);
    const { outbox: next } = await opened();
    expect(keys(next)).toEqual([]);
    expect((await add(next, 'b', 'y')).number).toBe(2);
    expect(await readFile(below('1.json'), 'utf8')).toBe(text);
  });

  it('keeps nothing of a file that is too large', async () => {
    const { outbox } = await opened();
    await expect(add(outbox, 'a', 'x'.repeat(101))).rejects.toThrow(RangeError);
    expect([outbox.count, await readdir(join(directory, 'outbox'))]).toEqual([0, []]);
  });
});
