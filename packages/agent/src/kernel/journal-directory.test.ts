import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someFacts } from '../../testing/model.js';
import type { JournalEntry } from '../model/journal-entries.js';
import { openJournalDirectory } from './journal-directory.js';

const CREATE: JournalEntry = { type: 'create', facts: someFacts() };
const CONTAINER: JournalEntry = { type: 'container', containerId: 'c1' };

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'journals-')), 'kernels');
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

async function write(kernelId: string, ...entries: readonly JournalEntry[]): Promise<void> {
  const journal = await (await openJournalDirectory(directory, 'boot-1')).create(kernelId);
  for (const entry of entries) await journal.append(entry, { sync: true });
  await journal.close();
}

async function load(): Promise<{ readonly found: readonly object[]; readonly unusable: readonly string[] }> {
  const { found, unusable } = await (await openJournalDirectory(directory, 'boot-2')).load();
  for (const { journal } of found) await journal.close();
  return {
    found: found.map(({ kernelId, entries, boot, torn }) => ({ kernelId, entries, boot, torn })),
    unusable: unusable.map(({ kernelId }) => kernelId),
  };
}

async function damage(kernelId: string): Promise<void> {
  const path = join(directory, `${kernelId}.jsonl`);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('create', 'craete'));
}

describe('a directory of journals', () => {
  it('is for its owner alone', async () => {
    await openJournalDirectory(directory, 'boot-1');
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('gives back what earlier lives wrote, and takes more', async () => {
    await write('k1', CREATE, CONTAINER);
    await write('k2', CREATE);
    const store = await openJournalDirectory(directory, 'boot-2');
    const { found } = await store.load();
    expect(found.map(({ kernelId, boot }) => [kernelId, boot]).sort()).toEqual([
      ['k1', 'boot-1'],
      ['k2', 'boot-1'],
    ]);
    const { journal } = found.find(({ kernelId }) => kernelId === 'k2')!;
    await journal.append(CONTAINER, { sync: true });
    for (const each of found) await each.journal.close();
    expect((await load()).found).toContainEqual({ kernelId: 'k2', entries: [CREATE, CONTAINER], boot: 'boot-2', torn: false });
  });

  it('tells of a torn last line', async () => {
    await write('k1', CREATE);
    await writeFile(join(directory, 'k1.jsonl'), '{"v":1,', { flag: 'a' });
    expect((await load()).found).toEqual([{ kernelId: 'k1', entries: [CREATE], boot: 'boot-1', torn: true }]);
  });

  it('sets a damaged journal aside, for this life and later ones, and the others live', async () => {
    await write('k1', CREATE, CONTAINER);
    await write('k2', CREATE);
    await damage('k1');
    for (let life = 0; life < 2; life++) {
      const { found, unusable } = await load();
      expect(found).toMatchObject([{ kernelId: 'k2' }]);
      expect(unusable).toEqual(['k1']);
    }
    expect((await readdir(directory)).sort()).toEqual(['k1.jsonl.set-aside', 'k2.jsonl']);
  });

  it('keeps the name of one that only cannot be read just now', async () => {
    await write('k1', CREATE);
    await mkdir(join(directory, 'k2.jsonl'));
    const { found, unusable } = await load();
    expect([found, unusable]).toMatchObject([[{ kernelId: 'k1' }], ['k2']]);
    expect((await readdir(directory)).sort()).toEqual(['k1.jsonl', 'k2.jsonl']);
  });

  it('leaves alone what is no journal', async () => {
    await openJournalDirectory(directory, 'boot-1');
    for (const name of ['notes.txt', '.jsonl', '-x.jsonl', 'k1.jsonl.tmp', 'set-aside'])
      await writeFile(join(directory, name), 'x');
    expect(await load()).toEqual({ found: [], unusable: [] });
    expect(await readdir(directory)).toHaveLength(5);
  });

  it('forgets a journal, once and again', async () => {
    await write('k1', CREATE);
    const store = await openJournalDirectory(directory, 'boot-1');
    await store.remove('k1');
    await store.remove('k1');
    expect(await readdir(directory)).toEqual([]);
  });

  it('that cannot be written says so', async () => {
    await openJournalDirectory(directory, 'boot-1');
    const store = await openJournalDirectory(directory, 'boot-1');
    await rm(directory, { recursive: true });
    await expect(store.create('k1')).rejects.toMatchObject({ code: 'state-unwritable' });
  });
});
