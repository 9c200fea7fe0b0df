import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NoticeStore, type Notice } from './notice-store.js';

const notice = (id: string, reason = 'user-requested'): Notice => ({ kernelId: id as KernelId, reason, statistics: null, at: 1 });

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'notices-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('notices of ended kernels', () => {
  it('are there in the next life, for the agent alone', async () => {
    await (await NoticeStore.open(directory)).keep(notice('a'));
    expect((await NoticeStore.open(directory)).all()).toEqual([notice('a')]);
    expect((await stat(join(directory, 'a.json'))).mode & 0o777).toBe(0o600);
  });

  it('keep the first reason', async () => {
    const store = await NoticeStore.open(directory);
    await store.keep(notice('a'));
    await store.keep(notice('a', 'self-terminated'));
    expect(store.all()).toEqual([notice('a')]);
  });

  it('are gone when dropped', async () => {
    const store = await NoticeStore.open(directory);
    await store.keep(notice('a'));
    await store.drop('a' as KernelId);
    expect([store.all(), await readdir(directory)]).toEqual([[], []]);
  });

  it('that are damaged, or none, are removed and spoil nothing', async () => {
    await (await NoticeStore.open(directory)).keep(notice('a'));
    await writeFile(join(directory, 'b.json'), '{"kernelId":');
    await writeFile(join(directory, 'c.json.123.tmp'), '');
    expect((await NoticeStore.open(directory)).all()).toEqual([notice('a')]);
    expect(await readdir(directory)).toEqual(['a.json']);
  });
});
