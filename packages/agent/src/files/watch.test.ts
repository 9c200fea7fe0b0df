import { mkdirSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import type { FileChange } from '@berth/wire';
import { watchTree, type WatchLimits } from './watch.js';

let base: string;
let work: string;
let abort: AbortController;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'watch-'));
  work = join(base, 'work');
  await mkdir(join(work, 'dir', 'below'), { recursive: true });
  await mkdir(join(base, 'outside'));
  abort = new AbortController();
});
afterEach(async () => {
  abort.abort();
  await rm(base, { recursive: true, force: true });
});

const start = (names: string[] = [], limits: Partial<WatchLimits> = {}) =>
  watchTree(work, names, { signal: abort.signal, clock: systemClock, limits: { gatherMs: 5, ...limits } });

const shown = (change: FileChange) => ('path' in change ? `${change.type} ${change.path}` : change.type);

/** Reads until `last` comes; gives all that came until then. */
async function until(changes: AsyncIterator<FileChange>, last: string): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const { value, done } = await changes.next();
    if (done) throw new Error(`ended after ${seen.join(', ')}`);
    seen.push(shown(value));
    if (seen.at(-1) === last) return seen;
  }
}

describe('watching a directory', () => {
  it('tells what is new, changed, moved and gone, at any depth', async () => {
    const changes = start();
    await until(changes, 'ready');
    await writeFile(join(work, 'new'), 'one');
    expect(await until(changes, 'changed new')).toEqual(['changed new']);
    await appendFile(join(work, 'new'), 'two');
    const next = await changes.next();
    expect(next.value).toMatchObject({ type: 'changed', path: 'new', entry: { type: 'file', size: 6 } });
    await rename(join(work, 'new'), join(work, 'dir', 'below', 'moved'));
    expect((await until(changes, 'changed dir/below/moved')).sort()).toEqual(['changed dir/below/moved', 'removed new']);
    await rm(join(work, 'dir'), { recursive: true });
    expect((await until(changes, 'removed dir')).sort()).toEqual(['removed dir', 'removed dir/below', 'removed dir/below/moved']);
  });

  it('misses nothing in a directory that has only just come', async () => {
    const changes = start();
    await until(changes, 'ready');
    await mkdir(join(work, 'a', 'b'), { recursive: true });
    await writeFile(join(work, 'a', 'b', 'first'), '');
    await until(changes, 'changed a/b/first');
    await writeFile(join(work, 'a', 'b', 'second'), '');
    await until(changes, 'changed a/b/second');
  });

  it('of one directory says nothing of others', async () => {
    const changes = start(['dir']);
    await until(changes, 'ready');
    await writeFile(join(work, 'other'), '');
    await writeFile(join(work, 'dir', 'mine'), '');
    expect(await until(changes, 'changed dir/mine')).toEqual(['changed dir/mine']);
  });

  it('follows no link, neither at the beginning nor later', async () => {
    await symlink('../outside', join(work, 'link'));
    await expect(start(['link']).next()).rejects.toMatchObject({ name: 'UnsafePathError' });
    const changes = start();
    await until(changes, 'ready');
    await rename(join(work, 'dir'), join(work, 'was'));
    await symlink('../outside', join(work, 'dir'));
    await until(changes, 'changed dir');
    await writeFile(join(base, 'outside', 'secret'), '');
    await writeFile(join(work, 'last'), '');
    expect((await until(changes, 'changed last')).filter((text) => text.includes('secret'))).toEqual([]);
  });

  it('does not show files that are not whole yet', async () => {
    const changes = start();
    await until(changes, 'ready');
    await writeFile(join(work, '.berth-temporary-1'), '');
    await rename(join(work, '.berth-temporary-1'), join(work, 'whole'));
    expect(await until(changes, 'changed whole')).toEqual(['changed whole']);
  });
});

describe('more than can be told', () => {
  it('is an overflow, and what comes after it is told again', async () => {
    const changes = start([], { pending: 100 });
    await until(changes, 'ready');
    mkdirSync(join(work, 'made', 'meanwhile'), { recursive: true });
    for (let i = 0; i < 150; i++) writeFileSync(join(work, `${i}`), '');
    await until(changes, 'overflow');
    await writeFile(join(work, 'made', 'meanwhile', 'later'), '');
    await until(changes, 'changed made/meanwhile/later');
  });

  it('in the queue of the system, too', async () => {
    const changes = start([], { pending: Infinity });
    await until(changes, 'ready');
    // So long as this loop runs nobody reads the queue, which holds 16,384 events.
    for (let i = 0; i < 9000; i++) writeFileSync(join(work, `${i}`), '');
    await until(changes, 'overflow');
  });

  it('directories than can be watched are refused', async () => {
    await expect(start([], { directories: 2 }).next()).rejects.toMatchObject({ name: 'TooMuchError' });
    const changes = start([], { directories: 3 });
    await until(changes, 'ready');
    await mkdir(join(work, 'fourth'));
    await expect(until(changes, 'changed fourth')).rejects.toMatchObject({ name: 'TooMuchError' });
  });
});

it('ends with its signal, and leaves nothing open', async () => {
  const before = (await readdir('/proc/self/fd')).length;
  const changes = start();
  await until(changes, 'ready');
  const next = changes.next();
  abort.abort();
  expect(await next).toMatchObject({ done: true });
  // libuv keeps its one inotify descriptor.
  expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before + 1);
});
