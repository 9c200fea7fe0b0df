import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@berth/base';
import type { KernelId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '../../../testing/coordinator-suite.js';
import { FakeObjectStore } from '../../../testing/fake-object-store.js';
import { openOutput } from './open-output.js';
import { OutputUploads, type UploadLimits } from './output-uploads.js';

const K = 'k1' as KernelId;

describe('uploads of output files', () => {
  let directory: string;
  let store: FakeObjectStore;
  let clock: VirtualClock;
  let lives: OutputUploads[];
  const log: { level: string; message: string; fields: object }[] = [];
  const note = (level: string) => (fields: object, message: string) => void log.push({ level, message, fields });
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const work = (kernelId: string): string => join(directory, kernelId);
  const outbox = (): Promise<string[]> => readdir(join(directory, 'outbox'));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-uploads-'));
    store = new FakeObjectStore();
    clock = new VirtualClock();
    lives = [];
    log.length = 0;
    await write('a.txt', 'first');
  });
  afterEach(async () => {
    await Promise.all(lives.map((life) => life.stop()));
    await rm(directory, { recursive: true });
  });

  const write = async (name: string, text: string, kernelId: string = K): Promise<void> => {
    const path = join(work(kernelId), '.output', name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  };
  const live = async (limits: Partial<UploadLimits> = {}): Promise<OutputUploads> => {
    const open = (kernelId: KernelId, name: string) => openOutput(work(kernelId), name);
    const life = await OutputUploads.start({
      ...{ store, prefix: 'bucket', open, clock, logger, limits },
      directory: join(directory, 'outbox'),
    });
    lives.push(life);
    return life;
  };
  const texts = (): Record<string, string> =>
    Object.fromEntries([...store.objects].map(([key, { bytes }]) => [key, bytes.toString()]));
  const warnings = (): string[] => log.filter(({ level }) => level === 'warn').map(({ message }) => message);
  /** Lets time pass until it is so. */
  const inTime = (is: () => boolean) => until(async () => (is() ? true : (clock.advance(10_000), await Promise.resolve(false))));

  it('answers with the address when the file is there, and keeps no copy', async () => {
    const life = await live();
    expect(await life.upload(K, 'a.txt')).toBe(store.address('bucket/k1/a.txt'));
    expect(store.objects.get('bucket/k1/a.txt')).toEqual({
      bytes: Buffer.from('first'),
      contentType: 'text/plain; charset=utf-8',
      sha256: createHash('sha256').update('first').digest('hex'),
    });
    expect([life.pending, await outbox()]).toEqual([0, []]);
  });

  it('answers after a while when the store is slow, and the file is there later', async () => {
    let openGate = (): void => {};
    store.gate = new Promise((resolve) => (openGate = resolve));
    const life = await live({ waitMs: 2_000 });
    const answer = life.upload(K, 'a.txt');
    await until(() => Promise.resolve(store.active === 1));
    const early = vi.fn();
    void answer.then(early);
    clock.advance(1_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(early).not.toHaveBeenCalled();
    clock.advance(1);
    expect(await answer).toBe(store.address('bucket/k1/a.txt'));
    expect(life.pending).toBe(1);
    openGate();
    await until(() => Promise.resolve(life.pending === 0));
    expect(texts()).toEqual({ 'bucket/k1/a.txt': 'first' });
  });

  it('uploads the file as it was, whatever becomes of it and of its kernel', async () => {
    store.state = 'away';
    const life = await live({ waitMs: 0 });
    await life.upload(K, 'a.txt');
    await writeFile(join(work(K), '.output', 'a.txt'), 'overwritten in place');
    await rm(work(K), { recursive: true });
    store.state = 'there';
    await inTime(() => life.pending === 0);
    expect(texts()).toEqual({ 'bucket/k1/a.txt': 'first' });
  });

  it('is told about an outage once, goes on trying, and says when it is over', async () => {
    store.state = 'away';
    const life = await live({ waitMs: 2_000 });
    await until(() => Promise.resolve(warnings().length === 1));
    for (let i = 0; i < 20; i++) await write(`f${i}`, `text ${i}`);
    // Nobody waits for what is known to be away.
    expect(await Promise.all(Array.from({ length: 20 }, (_, i) => life.upload(K, `f${i}`)))).not.toContain(undefined);
    await inTime(() => store.begun.length > 8);
    expect(warnings()).toEqual(['the object store cannot be used; output files wait, and are tried again']);
    expect([life.pending, store.mostActive]).toEqual([20, 1]);
    store.state = 'there';
    await inTime(() => life.pending === 0);
    expect(Object.keys(texts())).toHaveLength(20);
    expect(log.filter(({ message }) => message === 'the object store takes output files again')).toHaveLength(1);
    // And is waited for again.
    await life.upload(K, 'a.txt');
    expect(life.pending).toBe(0);
  });

  it('tries with one file, waits longer and longer between attempts, and never for ever', async () => {
    store.state = 'away';
    const life = await live({ retryMs: { minMs: 1_000, maxMs: 8_000 } });
    for (const name of ['b.txt', 'c.txt']) await write(name, name);
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await life.upload(K, name);
    const seconds: number[] = [];
    for (let passed = 0; passed < 60; passed++) {
      const before = store.begun.length;
      clock.advance(1_000);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      if (store.begun.length > before) seconds.push(passed);
      expect(store.begun.length - before).toBeLessThanOrEqual(1);
    }
    const gaps = seconds.slice(1).map((second, i) => second - seconds[i]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(9);
    expect(Math.max(...gaps)).toBeGreaterThanOrEqual(4);
    expect(seconds.length).toBeGreaterThan(6);
  });

  it('goes on in the next life with what waited, after a stop and after a crash', async () => {
    store.state = 'forbidding';
    const life = await live({ waitMs: 0 });
    await life.upload(K, 'a.txt');
    await write('b.txt', 'second');
    await life.upload(K, 'b.txt');
    // A crash: nobody stops it, and its store is gone.
    const next = new FakeObjectStore();
    store = next;
    const later = await live();
    await until(() => Promise.resolve(later.pending === 0));
    expect(texts()).toEqual({ 'bucket/k1/a.txt': 'first', 'bucket/k1/b.txt': 'second' });
    expect(log).toContainEqual(expect.objectContaining({ level: 'info', fields: { files: 2, bytes: 11 } }));
    await until(async () => (await outbox()).length === 0);
  });

  it('stops in the middle of an upload, and sends it in the next life', async () => {
    store.gate = new Promise(() => {});
    const life = await live({ waitMs: 0 });
    const answer = life.upload(K, 'a.txt');
    await until(() => Promise.resolve(store.active === 1));
    clock.advance(10);
    await answer;
    await life.stop();
    expect([texts(), (await outbox()).length]).toEqual([{}, 2]);
    store.gate = Promise.resolve();
    const next = await live();
    await until(() => Promise.resolve(next.pending === 0));
    expect(texts()).toEqual({ 'bucket/k1/a.txt': 'first' });
  });

  it('lets the last one of a name win, and sends no older one in vain', async () => {
    store.state = 'away';
    const life = await live({ waitMs: 0 });
    for (const text of ['one', 'two', 'three']) {
      await write('a.txt', text);
      await life.upload(K, 'a.txt');
    }
    expect(life.pending).toBe(1);
    store.state = 'there';
    await inTime(() => life.pending === 0);
    expect(texts()).toEqual({ 'bucket/k1/a.txt': 'three' });
  });

  it('never sends two of one name at a time', async () => {
    let openGate = (): void => {};
    store.gate = new Promise((resolve) => (openGate = resolve));
    const life = await live({ waitMs: 0 });
    const first = life.upload(K, 'a.txt');
    await until(() => Promise.resolve(store.active === 1));
    await write('a.txt', 'second');
    const second = life.upload(K, 'a.txt');
    await write('b.txt', 'other');
    const other = life.upload(K, 'b.txt');
    await until(() => Promise.resolve(store.begun.includes('bucket/k1/b.txt')));
    expect(store.begun.filter((key) => key.endsWith('a.txt'))).toHaveLength(1);
    openGate();
    clock.advance(10);
    await Promise.all([first, second, other]);
    await until(() => Promise.resolve(life.pending === 0));
    expect(texts()).toEqual({ 'bucket/k1/a.txt': 'second', 'bucket/k1/b.txt': 'other' });
  });

  it('sends a few at once, not all', async () => {
    let openGate = (): void => {};
    store.gate = new Promise((resolve) => (openGate = resolve));
    const life = await live({ atOnce: 3 });
    for (let i = 0; i < 30; i++) await write(`f${i}`, `text ${i}`);
    const all = Promise.all(Array.from({ length: 30 }, (_, i) => life.upload(K, `f${i}`)));
    await until(() => Promise.resolve(life.pending === 30));
    expect(store.begun).toEqual(['bucket/k1/f0', 'bucket/k1/f1', 'bucket/k1/f2']);
    openGate();
    await all;
    expect(Object.keys(texts())).toHaveLength(30);
    expect(store.mostActive).toBe(3);
  });

  it('is not held up by an object that the store refuses', async () => {
    store.refuses = (key) => key.endsWith('bad');
    const life = await live({ waitMs: 0 });
    await write('bad', 'x');
    await life.upload(K, 'bad');
    await until(() => Promise.resolve(warnings().length === 1));
    await life.upload(K, 'a.txt');
    await until(() => Promise.resolve(store.objects.size === 1));
    expect(life.pending).toBe(1);
    store.refuses = () => false;
    await inTime(() => life.pending === 0);
    expect(Object.keys(texts()).sort()).toEqual(['bucket/k1/a.txt', 'bucket/k1/bad']);
    expect(warnings()).toHaveLength(1);
  });

  it.each([
    ['files', { files: 2 }],
    ['bytes', { bytes: 10 }],
  ])('takes no more %s than it may, says so once, and takes more when there is room', async (_, limits) => {
    store.state = 'away';
    const life = await live({ ...limits, waitMs: 0 });
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await write(name, 'first');
    const answers: unknown[] = [];
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) answers.push(await life.upload(K, name));
    expect(answers.map((address) => address !== undefined)).toEqual([true, true, false, false]);
    expect(warnings().filter((text) => text.includes('is not uploaded'))).toHaveLength(1);
    store.state = 'there';
    await inTime(() => life.pending === 0);
    expect(await life.upload(K, 'c.txt')).toBeDefined();
  });

  it('takes a file of exactly the limit and no byte more', async () => {
    const life = await live({ fileBytes: 5 });
    expect(await life.upload(K, 'a.txt')).toBeDefined();
    await write('b.txt', 'sixsix');
    await expect(life.upload(K, 'b.txt')).rejects.toThrow(RangeError);
    expect([life.pending, await outbox()]).toEqual([0, []]);
  });

  it('opens nothing through a link, and nothing that is no file', async () => {
    const life = await live();
    const output = join(work(K), '.output');
    await writeFile(join(directory, 'secret'), 'secret');
    await symlink(join(directory, 'secret'), join(output, 'link'));
    await symlink(directory, join(output, 'dir'));
    await mkdir(join(output, 'real'));
    for (const name of ['link', 'dir/secret', 'real', '../a', '/etc/passwd'])
      await expect(life.upload(K, name)).rejects.toMatchObject({ code: 'unsafe-path' });
    await expect(life.upload(K, 'missing')).rejects.toMatchObject({ code: 'no-such-file' });
    await rename(output, join(work(K), 'moved'));
    await symlink(join(work(K), 'moved'), output);
    await expect(life.upload(K, 'a.txt')).rejects.toMatchObject({ code: 'unsafe-path' });
    expect(texts()).toEqual({});
  });

  it('takes a file with more than one name as any other', async () => {
    await link(join(work(K), '.output', 'a.txt'), join(work(K), '.output', 'again'));
    const life = await live();
    await life.upload(K, 'again');
    expect(texts()).toEqual({ 'bucket/k1/again': 'first' });
  });

  it('does not take what would have too long a key', async () => {
    const life = await live();
    const name = `${'d'.repeat(250)}/`.repeat(4) + 'x'.repeat(50);
    await write(name, 'x');
    expect(await life.upload(K, name)).toBeUndefined();
    expect(warnings()).toEqual([expect.stringContaining('1024')]);
  });
});
