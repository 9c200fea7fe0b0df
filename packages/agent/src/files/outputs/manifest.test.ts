import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outputsOf } from './manifest.js';

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'manifest-'));
  await mkdir(join(work, '.output', 'sub'), { recursive: true });
});
afterEach(() => rm(work, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFile(join(work, '.output', name), text);
const changedAt = async (name: string) => (await stat(join(work, '.output', name))).ctimeMs;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const ALWAYS = { from: 0, to: Infinity };

describe('the manifest of a run', () => {
  it('has name, size, sum and kind of each file, sorted', async () => {
    await put('sub/plot.png', 'picture');
    await put('a.csv', '1,2');
    expect(await outputsOf(work, ALWAYS)).toEqual([
      { name: 'a.csv', size: 3, sha256: sha256('1,2'), contentType: 'text/csv; charset=utf-8', steady: true, url: null },
      { name: 'sub/plot.png', size: 7, sha256: sha256('picture'), contentType: 'image/png', steady: true, url: null },
    ]);
  });

  it('leaves out what is hidden, a link, too large, or not there', async () => {
    await put('.hidden', 'x');
    await put('large', 'x'.repeat(100));
    await symlink('/etc/passwd', join(work, '.output', 'link'));
    expect(await outputsOf(work, ALWAYS, { fileBytes: 50, entries: 10 })).toEqual([]);
    await rm(join(work, '.output'), { recursive: true });
    expect(await outputsOf(work, ALWAYS)).toEqual([]);
  });

  it('has what changed in its time, whatever time a program has given to a file', async () => {
    await put('before', 'x');
    const begin = (await changedAt('before')) + 100;
    while (Date.now() < begin) await new Promise((resolve) => setTimeout(resolve, 5));
    await put('during', 'x');
    await utimes(join(work, '.output', 'during'), 1, 1);
    const time = { from: begin, to: await changedAt('during') };
    while (Date.now() < time.to + 100) await new Promise((resolve) => setTimeout(resolve, 5));
    await put('after', 'x');
    expect((await outputsOf(work, time)).map(({ name }) => name)).toEqual(['during']);
  });
});
