import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scratchSize } from './scratch-size.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-size-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** What `du` says of everything below the directory, without the directory itself. */
function diskUsage(): number {
  const of = (...flags: string[]) =>
    Number(execFileSync('du', ['-s', '-B1', ...flags, root], { encoding: 'utf8' }).split('\t')[0]);
  return of() - Number(execFileSync('stat', ['-c', '%b', root], { encoding: 'utf8' })) * 512;
}

it('is what du says: names of one file once, no links followed, holes not counted', async () => {
  await mkdir(join(root, 'a/b'), { recursive: true });
  await writeFile(join(root, 'a/b/file'), Buffer.alloc(100_000, 1));
  await link(join(root, 'a/b/file'), join(root, 'again'));
  await symlink('/usr', join(root, 'out'));
  await writeFile(join(root, 'sparse'), '');
  await truncate(join(root, 'sparse'), 1 << 30);
  const size = await scratchSize(root);
  expect(size).toBe(diskUsage());
  expect(size).toBeLessThan(200_000);
});

it('is unknown for a tree beyond the budget', async () => {
  for (let n = 0; n < 5; n++) await writeFile(join(root, `${n}`), '');
  expect(await scratchSize(root, undefined, { entries: 5, ms: 1000 })).not.toBeNull();
  expect(await scratchSize(root, undefined, { entries: 4, ms: 1000 })).toBeNull();
  expect(await scratchSize(root, undefined, { entries: 5, ms: -1 })).toBeNull();
});

it('is unknown for a tree that is too deep', async () => {
  await mkdir(join(root, 'd/'.repeat(101)), { recursive: true });
  expect(await scratchSize(root)).toBeNull();
});

it('is unknown where no directory is, or a link', async () => {
  expect(await scratchSize(join(root, 'none'))).toBeNull();
  await symlink('/usr', join(root, 'link'));
  expect(await scratchSize(join(root, 'link'))).toBeNull();
});

it('stops when it is told to', async () => {
  await writeFile(join(root, 'file'), '');
  expect(await scratchSize(root, AbortSignal.abort())).toBeNull();
});
