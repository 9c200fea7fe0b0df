import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillDisk, itWithTinyDisk } from '../testing/tiny-disk.js';
import { replaceFile } from './journal-file.js';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'replace-'));
  path = join(directory, 'f');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Long enough to be written in several steps. */
const long = (letter: string): string => letter.repeat(300_000);

describe('replacing a file', () => {
  it('makes it, for its owner alone unless told otherwise', async () => {
    await replaceFile(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await replaceFile(path, 'text', 0o640);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('never shows a reader anything but a whole text, with several writers at once', async () => {
    await replaceFile(path, long('a'));
    const seen = new Set<string>();
    let writing = true;
    const reader = (async () => {
      while (writing) seen.add(await readFile(path, 'utf8'));
    })();
    for (let round = 0; round < 10; round++) {
      await Promise.all(['a', 'b', 'c'].map((letter) => replaceFile(path, long(letter))));
    }
    writing = false;
    await reader;
    expect([...seen].filter((text) => !['a', 'b', 'c'].some((letter) => text === long(letter)))).toEqual([]);
  });

  it('leaves nothing beside it', async () => {
    await replaceFile(path, 'one');
    await replaceFile(path, 'two');
    expect(await readdir(directory)).toEqual(['f']);
  });

  itWithTinyDisk('on a full disk keeps the old text and leaves nothing beside it', async (disk) => {
    const onDisk = join(disk, 'f');
    await writeFile(onDisk, 'old');
    await fillDisk(disk);
    await expect(replaceFile(onDisk, long('n'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readFile(onDisk, 'utf8')).toBe('old');
    expect((await readdir(disk)).sort()).toEqual(['f', 'filler']);
  });
});
