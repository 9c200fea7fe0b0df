import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OUTPUT_LIMITS, scanOutput } from './output-scan.js';

let work: string;

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'berth-output-'));
});

afterEach(() => rm(work, { recursive: true, force: true }));

/** A file of `size` bytes below `.output` that takes no room on disk. */
async function put(path: string, size = 1): Promise<string> {
  const at = join(work, '.output', path);
  await mkdir(dirname(at), { recursive: true });
  await writeFile(at, '');
  await truncate(at, size);
  return at;
}

const found = async (limits = OUTPUT_LIMITS) => [...(await scanOutput(work, limits)).keys()].sort();

it('finds files at any depth, with size and time', async () => {
  await put('a', 3);
  await utimes(await put('b/c/d', 5), 1, 1_600_000_000);
  const files = await scanOutput(work);
  expect([...files.keys()].sort()).toEqual(['a', 'b/c/d']);
  expect(files.get('b/c/d')).toMatchObject({ size: 5, mtimeMs: 1_600_000_000_000 });
});

it('finds nothing where no directory is', async () => {
  expect(await found()).toEqual([]);
  await writeFile(join(work, '.output'), 'a file');
  expect(await found()).toEqual([]);
});

it('passes over names that start with a dot, and what is below them', async () => {
  await put('.hidden');
  await put('.git/config');
  await put('shown/.also');
  await put('shown/this.one');
  expect(await found()).toEqual(['shown/this.one']);
});

it('takes 104857600 bytes and not one more', async () => {
  await put('limit', 104_857_600);
  await put('beyond', 104_857_601);
  expect(await found()).toEqual(['limit']);
});

it('follows no link', async () => {
  await put('file');
  await symlink('/etc/passwd', join(work, '.output/out'));
  await symlink('/etc', join(work, '.output/directory'));
  await symlink('file', join(work, '.output/again'));
  expect(await found()).toEqual(['file']);
});

it('finds nothing through a link in the place of the directory', async () => {
  await symlink('/etc', join(work, '.output'));
  expect(await found()).toEqual([]);
});

it('passes over what is no file, without waiting for it', async () => {
  await put('file');
  execFileSync('mkfifo', [join(work, '.output/fifo')]);
  expect(await found()).toEqual(['file']);
});

it.skipIf(process.getuid!() === 0)('passes over what it may not read', async () => {
  await chmod(await put('closed'), 0);
  await put('directory/in');
  await chmod(join(work, '.output/directory'), 0);
  await put('open');
  expect(await found()).toEqual(['open']);
  await chmod(join(work, '.output/directory'), 0o700);
});

it('looks at so many entries and no more', async () => {
  for (let n = 0; n < 5; n++) await put(`${n}`);
  expect(await found({ ...OUTPUT_LIMITS, entries: 5 })).toHaveLength(5);
  expect(await found({ ...OUTPUT_LIMITS, entries: 3 })).toHaveLength(3);
});

it('takes odd names as they are', async () => {
  const names = ['__proto__', 'constructor', 'a b', 'new\nline', '"quoted"', 'ünï', '-rf'];
  for (const name of names) await put(name);
  expect(await found()).toEqual(names.sort());
});

it('passes over what is deeper than a hundred levels', async () => {
  await put('d/'.repeat(99) + 'shallow');
  await put('d/'.repeat(100) + 'deep');
  expect(await found()).toEqual(['d/'.repeat(99) + 'shallow']);
});

it('keeps nothing open', async () => {
  await put('a/b');
  const before = (await readdir('/proc/self/fd')).length;
  await scanOutput(work, { ...OUTPUT_LIMITS, entries: 1 });
  expect((await readdir('/proc/self/fd')).length).toBe(before);
});
