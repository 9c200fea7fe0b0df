import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileQueueStore, type WaitingLine } from './queue-store.js';

const KERNEL = 'k1' as KernelId;
const LINE: WaitingLine = {
  incarnation: 2,
  runs: [
    { key: 'a', since: 5, wish: { mode: 'query', code: 'print("é")' } },
    { key: 'b', since: 6, wish: { mode: 'batch', build: '*', exec: '' } },
  ],
};

describe('the store of waiting runs', () => {
  let directory: string;
  const open = (...living: string[]) => FileQueueStore.open(directory, new Set(living));
  beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'berth-queue-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('gives back what was written, also to the next life, and to nobody else’s eyes', async () => {
    const store = await open();
    await store.write(KERNEL, LINE);
    expect(await store.read(KERNEL)).toEqual(LINE);
    expect(await (await open('k1')).read(KERNEL)).toEqual(LINE);
    expect((await stat(join(directory, 'k1.json'))).mode & 0o777).toBe(0o600);
  });

  it('keeps no file of an empty line, nor of a kernel that is gone', async () => {
    const store = await open();
    await store.write(KERNEL, LINE);
    await store.write(KERNEL, { incarnation: 2, runs: [] });
    expect(await readdir(directory)).toEqual([]);
    await store.write(KERNEL, LINE);
    await open('k2');
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(['', '{', 'null', '{"runs":5}'])('takes the damaged file %j for nothing', async (text) => {
    await writeFile(join(directory, 'k1.json'), text);
    expect(await (await open('k1')).read(KERNEL)).toBeUndefined();
  });

  it('does not leave its directory', async () => {
    const store = await open();
    await expect(store.write('../x' as KernelId, LINE)).rejects.toThrow(RangeError);
    expect(await store.read('../x' as KernelId)).toBeUndefined();
  });
});
