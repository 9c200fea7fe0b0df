import { execFileSync } from 'node:child_process';
import { constants, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inDirectory, openBelow, openDirectory, pathNames, UnsafePathError } from './nofollow.js';

describe('the names of a path', () => {
  it.each([
    ['a/b/c', ['a', 'b', 'c']],
    ['', []],
    ['.', []],
    ['./a//b/./', ['a', 'b']],
    ['...', ['...']],
    ['a..b/..c', ['a..b', '..c']],
    ['new\nline/ü/\u202e', ['new\nline', 'ü', '\u202e']],
    ['x'.repeat(255), ['x'.repeat(255)]],
  ])('of %j', (path, names) => expect(pathNames(path)).toEqual(names));

  it.each([
    ['..'],
    ['../a'],
    ['a/..'],
    ['a/../b'],
    ['./..'],
    ['/'],
    ['/etc/passwd'],
    ['//a'],
    ['a\0b'],
    ['\0'],
    ['x'.repeat(256)],
    ['ü'.repeat(128)],
  ])('of %j are refused', (path) => expect(() => pathNames(path)).toThrow(UnsafePathError));

  it('are never such that they lead out of their directory', () => {
    const part = fc.constantFrom('..', '.', '', 'a', '...', '\0', '/');
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('/')),
        (path) => {
          let names: string[];
          try {
            names = pathNames(path);
          } catch (error) {
            expect(error).toBeInstanceOf(UnsafePathError);
            return;
          }
          for (const name of names) expect(['', '.', '..']).not.toContain(name);
          expect(names.join('/')).not.toMatch(/^\/|\0/);
        },
      ),
    );
  });
});

describe('opening below a directory', () => {
  const { O_RDONLY, O_WRONLY, O_CREAT } = constants;
  let base: string;
  let root: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'nofollow-'));
    root = join(base, 'root');
    await mkdir(join(root, 'dir', 'inner'), { recursive: true });
    await mkdir(join(base, 'outside'));
    await writeFile(join(base, 'outside', 'secret'), 'secret');
    await writeFile(join(root, 'dir', 'file'), 'content');
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  async function textOf(handle: FileHandle): Promise<string> {
    try {
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  }
  const read = async (...names: string[]): Promise<string> => textOf(await openBelow(root, names, O_RDONLY));

  it('finds a file', async () => expect(await read('dir', 'file')).toBe('content'));

  it('gives the directory itself when there are no names', async () => {
    const handle = await openBelow(root, [], O_RDONLY);
    expect((await handle.stat()).isDirectory()).toBe(true);
    await handle.close();
  });

  it('tells what is missing as such', async () => {
    await expect(read('dir', 'none')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(read('none', 'file')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['out of the root', '../outside'],
    ['by an absolute path', '/'],
    ['within the root', 'dir'],
  ])('refuses a link in the middle, %s', async (_, target) => {
    await symlink(target, join(root, 'link'));
    await expect(read('link', 'file')).rejects.toBeInstanceOf(UnsafePathError);
    await expect(openDirectory(root, ['link'])).rejects.toBeInstanceOf(UnsafePathError);
    await expect(openDirectory(root, ['link', 'inner'])).rejects.toBeInstanceOf(UnsafePathError);
  });

  it.each([
    ['to a file outside', '../outside/secret'],
    ['to a file inside', 'dir/file'],
    ['to nothing', 'nowhere'],
    ['to itself', 'link'],
  ])('refuses a link at the end, %s, for reading and for writing', async (_, target) => {
    await symlink(target, join(root, 'link'));
    await expect(read('link')).rejects.toBeInstanceOf(UnsafePathError);
    await expect(openBelow(root, ['link'], O_WRONLY | O_CREAT)).rejects.toBeInstanceOf(UnsafePathError);
    expect(await readFile(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
  });

  it('refuses a file where a directory should be', async () => {
    await expect(read('dir', 'file', 'x')).rejects.toBeInstanceOf(UnsafePathError);
  });

  it('stays in an open directory that is swapped for a link meanwhile', async () => {
    const open = await openDirectory(root, ['dir']);
    await rename(join(root, 'dir'), join(root, 'moved'));
    await symlink('../outside', join(root, 'dir'));
    expect(await readFile(inDirectory(open, 'file'), 'utf8')).toBe('content');
    await expect(readFile(inDirectory(open, 'secret'))).rejects.toMatchObject({ code: 'ENOENT' });
    await open.close();
  });

  it('does not wait at a pipe', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const handle = await openBelow(root, ['pipe'], O_RDONLY);
    expect((await handle.stat()).isFIFO()).toBe(true);
    await handle.close();
    await expect(openBelow(root, ['pipe'], O_WRONLY)).rejects.toMatchObject({ code: 'ENXIO' });
    await expect(read('pipe', 'x')).rejects.toBeInstanceOf(UnsafePathError);
  });

  it('finds a file whose whole path is too long for the system', async () => {
    const names = Array.from({ length: 30 }, (_, index) => String(index).padEnd(200, 'n'));
    for (let depth = 0; depth < names.length; depth++) {
      const directory = await openDirectory(root, names.slice(0, depth));
      await mkdir(inDirectory(directory, names[depth]!));
      await directory.close();
    }
    const made = await openBelow(root, [...names, 'file'], O_WRONLY | O_CREAT);
    await made.writeFile('deep');
    await made.close();
    expect(await read(...names, 'file')).toBe('deep');
    execFileSync('rm', ['-rf', join(root, names[0]!)]);
  });

  it('leaves no descriptor open, whatever it meets', async () => {
    await symlink('dir', join(root, 'link'));
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 50; i++) {
      await read('dir', 'file');
      for (const names of [['link', 'file'], ['link'], ['none', 'x'], ['dir', 'file', 'x']]) await read(...names).catch(() => {});
    }
    expect(count()).toBeLessThan(before + 20);
  });
});
