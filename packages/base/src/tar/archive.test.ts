import { execFileSync } from 'node:child_process';
import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveTree } from './archive.js';

const limited = (mostBytes: number) => ({ mostBytes, rootName: 'work' });
const PLENTY = limited(64 * 1024 * 1024);

let directory: string;
let work: string;
let out: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-archive-'));
  work = join(directory, 'scratch');
  out = join(directory, 'out');
  await mkdir(work);
  await mkdir(out);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function archived(path: string, limits = PLENTY, onChunk: () => unknown = () => {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const { content } = await archiveTree(work, path, limits);
  for await (const chunk of content) {
    chunks.push(chunk);
    await onChunk();
  }
  return Buffer.concat(chunks);
}

/** Names as GNU tar lists them. */
async function namesOf(path: string): Promise<string[]> {
  const input = await archived(path);
  const listing = execFileSync('tar', ['-t', '--quoting-style=literal'], { input, encoding: 'utf8' });
  return listing.trimEnd().split('\n').sort();
}

/** GNU tar takes it apart. */
async function extracted(path: string, limits = PLENTY, onChunk?: () => unknown): Promise<void> {
  execFileSync('tar', ['-x', '-C', out], { input: await archived(path, limits, onChunk) });
}

describe('names in an archive', () => {
  beforeEach(async () => {
    await mkdir(join(work, 'dir/sub'), { recursive: true });
    await writeFile(join(work, 'file'), 'a');
    await writeFile(join(work, 'dir/sub/in'), 'b');
  });

  it.each([
    ['', ['work/', 'work/dir/', 'work/dir/sub/', 'work/dir/sub/in', 'work/file']],
    ['.', ['./', './dir/', './dir/sub/', './dir/sub/in', './file']],
    ['dir', ['dir/', 'dir/sub/', 'dir/sub/in']],
    ['dir/', ['dir/', 'dir/sub/', 'dir/sub/in']],
    ['dir/.', ['./', './sub/', './sub/in']],
    ['./dir//sub', ['sub/', 'sub/in']],
    ['file', ['file']],
    ['dir/sub/in', ['in']],
  ])('of %j are those of Docker', async (path, expected) => {
    expect(await namesOf(path)).toEqual(expected);
  });
});

describe('an archive', () => {
  it('keeps content, mode, time and links', async () => {
    await writeFile(join(work, 'script'), 'x'.repeat(700_000), { mode: 0o754 });
    await writeFile(join(work, 'empty'), '');
    await utimes(join(work, 'script'), 1, 1_600_000_000);
    await symlink('/etc/passwd', join(work, 'out'));
    await symlink('x'.repeat(300), join(work, 'long'));
    await extracted('.');
    expect(await readFile(join(out, 'script'), 'utf8')).toBe('x'.repeat(700_000));
    expect(await stat(join(out, 'script'))).toMatchObject({ mode: 0o100754, mtimeMs: 1_600_000_000_000 });
    expect(await readFile(join(out, 'empty'), 'utf8')).toBe('');
    expect(await readlink(join(out, 'out'))).toBe('/etc/passwd');
    expect(await readlink(join(out, 'long'))).toBe('x'.repeat(300));
  });

  it('is of a link itself when that is asked for', async () => {
    await symlink('/etc/passwd', join(work, 'out'));
    await extracted('out');
    expect(await readlink(join(out, 'out'))).toBe('/etc/passwd');
  });

  it('leaves out what is no file, without waiting for it', async () => {
    await mkdir(join(work, 'dir'));
    execFileSync('mkfifo', [join(work, 'dir/fifo')]);
    expect(await namesOf('dir')).toEqual(['dir/']);
    await expect(archiveTree(work, 'dir/fifo', PLENTY)).rejects.toMatchObject({ name: 'UnsafePathError' });
  });

  it('keeps odd names', async () => {
    const names = [
      'a b',
      'new\nline',
      '-rf',
      '"q"',
      'ünï-☃',
      '__proto__',
      `${'n'.repeat(250)}`,
      `ü${'n'.repeat(240)}`,
      'back\\slash',
      '*',
    ];
    for (const name of names) await writeFile(join(work, name), name);
    await extracted('.');
    expect((await readdir(out)).sort()).toEqual(names.sort());
    for (const name of names) expect(await readFile(join(out, name), 'utf8')).toBe(name);
  });

  it('shows a name that is no UTF-8 with a mark in it, content intact', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x61, 0xff])]), 'content');
    await extracted('.');
    expect(await readFile(join(out, 'a\ufffd'), 'utf8')).toBe('content');
  });

  it('keeps deep trees, and refuses those that nobody builds by hand', async () => {
    await mkdir(join(work, 'd/'.repeat(99)), { recursive: true });
    await writeFile(join(work, 'd/'.repeat(99), 'leaf'), 'deep');
    await extracted('.');
    expect(await readFile(join(out, 'd/'.repeat(99), 'leaf'), 'utf8')).toBe('deep');
    await mkdir(join(work, 'd/'.repeat(120)), { recursive: true });
    await expect(archiveTree(work, '.', PLENTY)).rejects.toMatchObject({ name: 'TooMuchError' });
  });

  it('keeps both names of one file', async () => {
    await writeFile(join(work, 'a'), 'same');
    await link(join(work, 'a'), join(work, 'b'));
    await extracted('.');
    expect(await readFile(join(out, 'b'), 'utf8')).toBe('same');
  });
});

describe('a path', () => {
  beforeEach(async () => {
    await mkdir(join(work, 'dir'));
    await writeFile(join(work, 'file'), '');
    await symlink('/etc', join(work, 'link'));
  });

  it.each([
    ['../scratch', 'UnsafePathError'],
    ['/etc/passwd', 'UnsafePathError'],
    ['link/passwd', 'UnsafePathError'],
    ['link/', 'UnsafePathError'],
    ['file/', 'UnsafePathError'],
    ['file/.', 'UnsafePathError'],
    ['dir/../file', 'UnsafePathError'],
    ['a\0b', 'UnsafePathError'],
    ['none', 'Error'],
    ['dir/none', 'Error'],
  ])('%j is refused as %s', async (path, name) => {
    await expect(archiveTree(work, path, PLENTY)).rejects.toMatchObject({ name });
  });
});

describe('the limit', () => {
  it('is what the archive itself may measure', async () => {
    await mkdir(join(work, 'dir'));
    await writeFile(join(work, 'dir/a'), Buffer.alloc(1000));
    await writeFile(join(work, 'dir', 'ü'.repeat(90)), Buffer.alloc(1));
    const size = (await archived('dir')).length;
    expect((await archived('dir', limited(size))).length).toBe(size);
    await expect(archiveTree(work, 'dir', limited(size - 1))).rejects.toMatchObject({
      name: 'TooMuchError',
      message: `"dir" is more than ${size - 1} bytes as an archive`,
    });
  });

  it('counts a hole as what it reads as', async () => {
    await writeFile(join(work, 'sparse'), '');
    await truncate(join(work, 'sparse'), 2 ** 40);
    await expect(archiveTree(work, '.', PLENTY)).rejects.toMatchObject({ name: 'TooMuchError' });
  });

  it('holds for many empty files, too', async () => {
    for (let n = 0; n < 20; n++) await writeFile(join(work, `${n}`), '');
    await expect(archiveTree(work, '.', limited(20 * 512))).rejects.toMatchObject({ name: 'TooMuchError' });
  });
});

describe('while an archive is read', () => {
  it('a link that takes the place of a directory is not followed', async () => {
    await mkdir(join(work, 'a'));
    await writeFile(join(work, 'a/passwd'), 'mine');
    await extracted('.', PLENTY, async () => {
      await rm(join(work, 'a'), { recursive: true, force: true });
      await symlink('/etc', join(work, 'a'));
    });
    expect(await readlink(join(out, 'a'))).toBe('/etc');
    expect(await readdir(out)).toEqual(['a']);
  });

  it('a link that takes the place of a file is not followed', async () => {
    await writeFile(join(work, 'a'), 'mine');
    const { content } = await archiveTree(work, 'a', PLENTY);
    await rename(join(work, 'a'), join(directory, 'moved'));
    await symlink('/etc/passwd', join(work, 'a'));
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    execFileSync('tar', ['-x', '-C', out], { input: Buffer.concat(chunks) });
    expect(await readlink(join(out, 'a'))).toBe('/etc/passwd');
  });

  it('a file that grows is given as long as it was when its turn came', async () => {
    await writeFile(join(work, 'log'), 'x'.repeat(600_000));
    await extracted('log', PLENTY, () => appendFile(join(work, 'log'), 'more'));
    expect(await readFile(join(out, 'log'), 'utf8')).toBe('x'.repeat(600_000));
  });

  it('a file that grows beyond the limit ends it with an error', async () => {
    await writeFile(join(work, 'log'), '');
    const { content } = await archiveTree(work, 'log', limited(10_000));
    await truncate(join(work, 'log'), 20_000);
    const read = async () => {
      for await (const _ of content);
    };
    await expect(read()).rejects.toMatchObject({ name: 'TooMuchError' });
  });

  it('a file that shrinks is filled up with zeros', async () => {
    await writeFile(join(work, 'log'), 'x'.repeat(600_000));
    await extracted('log', PLENTY, () => truncate(join(work, 'log'), 300_000));
    const content = await readFile(join(out, 'log'));
    expect(content.length).toBe(600_000);
    expect(content.subarray(-1000).every((byte) => byte === 0)).toBe(true);
  });

  it('no more is read than is taken, and nothing stays open when its reader goes away', async () => {
    const before = (await readdir('/proc/self/fd')).length;
    await mkdir(join(work, 'a/b'), { recursive: true });
    await writeFile(join(work, 'a/b/big'), Buffer.alloc(4_000_000));
    let bytes = 0;
    const { content } = await archiveTree(work, '.', PLENTY);
    for await (const chunk of content) {
      bytes += chunk.length;
      expect(chunk.length).toBeLessThanOrEqual(256 * 1024);
      if (bytes > 500_000) break;
    }
    expect((await readdir('/proc/self/fd')).length).toBe(before);
    await expect(archiveTree(work, '.', limited(5000))).rejects.toMatchObject({ name: 'TooMuchError' });
    expect((await readdir('/proc/self/fd')).length).toBe(before);
  });
});

it('is at rest while nobody reads', async () => {
  await writeFile(join(work, 'a'), 'text');
  const before = (await readdir('/proc/self/fd')).length;
  await archiveTree(work, 'a', PLENTY);
  expect((await readdir('/proc/self/fd')).length).toBe(before);
});
