import { mkdir, mkdtemp, open, readdir, rename, rm, symlink, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { walkBelow, type WalkLimits } from './walk.js';

let root: string;
let start: FileHandle;
const openDescriptors = async () => (await readdir('/proc/self/fd')).length;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-walk-'));
  start = await open(root);
});

afterEach(async () => {
  await start.close();
  await rm(root, { recursive: true, force: true });
});

async function pathsOf(limits: WalkLimits = { depth: 10 }): Promise<string[]> {
  const paths: string[] = [];
  for await (const { names } of walkBelow(start, limits)) paths.push(names.join('/'));
  return paths.sort();
}

it('gives everything below its start, directories before what is in them', async () => {
  await mkdir(join(root, 'a/b'), { recursive: true });
  await writeFile(join(root, 'a/b/c'), '');
  const seen: string[] = [];
  for await (const { names } of walkBelow(start, { depth: 10 })) seen.push(names.join('/'));
  expect(seen).toEqual(['a', 'a/b', 'a/b/c']);
});

it('gives a link and does not follow it', async () => {
  await symlink('/etc', join(root, 'out'));
  await symlink('.', join(root, 'again'));
  expect(await pathsOf()).toEqual(['again', 'out']);
});

it('does not enter a link that took the place of a directory', async () => {
  await mkdir(join(root, 'a'));
  const seen: string[] = [];
  for await (const { names } of walkBelow(start, { depth: 10 })) {
    seen.push(names.join('/'));
    await rename(join(root, 'a'), join(root, '../gone-' + seen.length));
    await rm(join(root, '../gone-' + seen.length), { recursive: true });
    await symlink('/etc', join(root, 'a'));
  }
  expect(seen).toEqual(['a']);
});

it('opens what it gives, but not through a link that took its place', async () => {
  await writeFile(join(root, 'a'), 'text');
  for await (const entry of walkBelow(start, { depth: 10 })) {
    const handle = await entry.open(0);
    expect(await handle.readFile('utf8')).toBe('text');
    await handle.close();
    await rm(join(root, 'a'));
    await symlink('/etc/passwd', join(root, 'a'));
    await expect(entry.open(0)).rejects.toMatchObject({ code: 'ELOOP' });
  }
});

it('gives a directory at the limit of depth and does not enter it', async () => {
  await mkdir(join(root, 'a/b/c'), { recursive: true });
  expect(await pathsOf({ depth: 2 })).toEqual(['a', 'a/b']);
});

it('passes over names that are to be skipped', async () => {
  await mkdir(join(root, '.hidden'));
  await writeFile(join(root, '.hidden/x'), '');
  await writeFile(join(root, 'shown'), '');
  expect(await pathsOf({ depth: 10, skip: (name) => name.startsWith('.') })).toEqual(['shown']);
});

it('gives names that are no UTF-8, and what is below them', async () => {
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff, 0x62])]);
  await mkdir(odd);
  await writeFile(Buffer.concat([odd, Buffer.from('/in')]), '');
  expect(await pathsOf()).toEqual(['a\ufffdb', 'a\ufffdb/in']);
});

it('closes what it opened when its reader stops', async () => {
  await mkdir(join(root, 'a/b/c/d'), { recursive: true });
  const before = await openDescriptors();
  for await (const { names } of walkBelow(start, { depth: 10 })) if (names.length === 4) break;
  expect(await openDescriptors()).toBe(before);
});
