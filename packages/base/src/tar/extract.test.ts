import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extractTar } from './extract.js';
import { TAR_END, tarHeader, tarPadding, type TarEntry } from './format.js';
import { readTar } from './reader.js';

let base: string;
let work: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'berth-extract-'));
  work = join(base, 'work');
  await mkdir(work);
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside', 'secret'), 'secret');
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** In pieces that fall anywhere. */
async function* inPieces(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Wish extends Partial<TarEntry> {
  readonly name: string;
  readonly content?: string;
  /** One character, for kinds that we never write. */
  readonly kind?: string;
}

function tarOf(...wishes: Wish[]): Buffer {
  const parts = wishes.flatMap(({ content = '', kind, ...wish }) => {
    const size = Buffer.byteLength(content);
    const header = tarHeader({ type: 'file', size, mode: 0o644, uid: 0, gid: 0, mtimeMs: 0, target: '', ...wish });
    return [kind === undefined ? header : ofKind(header, kind), Buffer.from(content), Buffer.alloc(tarPadding(size))];
  });
  return Buffer.concat([...parts, TAR_END]);
}

/** The last header block says what it is; its sum is made anew. */
function ofKind(header: Buffer, kind: string): Buffer {
  const block = header.subarray(header.length - 512);
  block.write(kind, 156, 'latin1');
  block.write(' '.repeat(8), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

const extract = (bytes: Uint8Array, into: string[] = [], limits = {}) => extractTar(work, into, inPieces(bytes), { limits });

describe('a tar of GNU tar', () => {
  it.each(['gnu', 'pax', 'ustar', 'v7'])('in the format %s comes out as it went in', async (format) => {
    const source = join(base, 'source');
    await mkdir(join(source, 'dir', 'empty'), { recursive: true });
    await writeFile(join(source, 'dir', 'file'), 'x'.repeat(100_000));
    await writeFile(join(source, 'nothing'), '');
    await chmod(join(source, 'dir', 'file'), 0o755);
    await utimes(join(source, 'dir', 'file'), 1000, 1_500_000_000);
    await symlink('../nothing', join(source, 'dir', 'link'));
    await link(join(source, 'nothing'), join(source, 'other'));
    if (format !== 'v7' && format !== 'ustar') await writeFile(join(source, `${'ü'.repeat(110)} and\nmore`), 'long');
    const bytes = execFileSync('tar', ['-c', '--format', format, '-C', source, '.'], { maxBuffer: 2 ** 24 });
    await extract(bytes, ['into', 'here']);
    const list = (path: string) =>
      execFileSync('find', ['.', '-printf', '%P %y %l %s %#m %T@\\n'], { cwd: path, encoding: 'utf8' })
        .split('\n')
        // Of a directory neither the size nor the time is told.
        .map((line) =>
          line
            .replace(/( d .*) \d+ (\S+) \S+$/, '$1 $2')
            .replace(/ 0777 \S+$/, '')
            .replace(/(\.\d{3})\d*$/, '$1'),
        )
        .sort();
    const times = (lines: string[]) => (format === 'pax' ? lines : lines.map((line) => line.replace(/\.\d+$/, '')));
    expect(times(list(join(work, 'into', 'here')))).toEqual(times(list(source)));
  });

  it('with files of several GiB is read as such', async () => {
    const header = execFileSync('sh', ['-c', 'truncate -s 9G big; tar -c --format=gnu big | head -c 512'], { cwd: base });
    for await (const member of readTar(inPieces(header))) {
      expect(member).toMatchObject({ name: 'big', size: 9 * 2 ** 30 });
      break;
    }
  });
});

describe('what is hostile', () => {
  it.each([
    ['a path upwards', [{ name: '../outside/new', content: 'x' }]],
    ['a path upwards in the middle', [{ name: 'a/../../outside/new', content: 'x' }]],
    ['an absolute path', [{ name: '/tmp/new', content: 'x' }]],
    [
      'a file through its own link',
      [
        { name: 'out', type: 'link', target: '../outside' },
        { name: 'out/new', content: 'x' },
      ],
    ],
    [
      'a directory through its own link',
      [
        { name: 'out', type: 'link', target: '../outside' },
        { name: 'out/dir/', type: 'directory' },
      ],
    ],
    [
      'a hard link through its own link',
      [
        { name: 'out', type: 'link', target: '../outside' },
        { name: 'mine', kind: '1', target: 'out/secret' },
      ],
    ],
    ['a hard link to what is outside', [{ name: 'mine', kind: '1', target: '../outside/secret' }]],
    ['a name that is too long', [{ name: 'x'.repeat(256), content: 'x' }]],
    ['no name', [{ name: '', content: 'x' }]],
    ['a link that leads nowhere', [{ name: 'out', type: 'link', target: '' }]],
  ] as [string, Wish[]][])('%s is refused', async (_, wishes) => {
    await expect(extract(tarOf(...wishes))).rejects.toMatchObject({ name: 'UnsafePathError' });
    expect(await readdir(join(base, 'outside'))).toEqual(['secret']);
    expect((await lstat(join(base, 'outside', 'secret'))).nlink).toBe(1);
    expect((await readdir(work)).filter((name) => name !== 'out')).toEqual([]);
  });

  it.each(['3', '4', '6', 'S', 'M'])('a member of kind %s is no file for anybody', async (kind) => {
    await expect(extract(tarOf({ name: 'odd', kind }))).rejects.toMatchObject({ name: 'TarError' });
    expect(await readdir(work)).toEqual([]);
  });

  it('a name that is no UTF-8 is refused', async () => {
    const bytes = tarOf({ name: 'xx' });
    bytes.set([0xff], 0);
    await expect(extract(ofKind(bytes.subarray(0, 512), '0'))).rejects.toMatchObject({ name: 'TarError', message: /not UTF-8/ });
  });

  it('a link is kept as it is, and what it names untouched', async () => {
    await extract(tarOf({ name: 'out', type: 'link', target: '../outside/secret' }, { name: 'out', content: 'mine' }));
    expect(await readFile(join(work, 'out'), 'utf8')).toBe('mine');
    expect(await readFile(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
  });

  it('bits that give rights of others are left out', async () => {
    await extract(tarOf({ name: 'dir/', type: 'directory', mode: 0o7777 }, { name: 'dir/x', content: 'x', mode: 0o6755 }));
    expect((await stat(join(work, 'dir'))).mode & 0o7000).toBe(0);
    expect((await stat(join(work, 'dir', 'x'))).mode & 0o7777).toBe(0o755 & ~process.umask());
  });

  it('a directory is not replaced by a file, nor a file by a directory', async () => {
    await mkdir(join(work, 'dir', 'full'), { recursive: true });
    await expect(extract(tarOf({ name: 'dir', content: 'x' }))).rejects.toMatchObject({ code: 'EISDIR' });
    await writeFile(join(work, 'file'), 'x');
    await expect(extract(tarOf({ name: 'file/', type: 'directory' }))).rejects.toMatchObject({ name: 'UnsafePathError' });
    expect((await readdir(work)).sort()).toEqual(['dir', 'file']);
  });

  it('more members or levels than allowed are refused', async () => {
    const many = tarOf(...['a', 'b', 'c'].map((name) => ({ name, content: name })));
    await expect(extract(many, [], { entries: 2 })).rejects.toMatchObject({ name: 'TooMuchError' });
    expect((await readdir(work)).sort()).toEqual(['a', 'b']);
    const deep = tarOf({ name: 'a/b/c/d', content: 'x' });
    await expect(extract(deep, [], { levels: 3 })).rejects.toMatchObject({ name: 'TooMuchError' });
  });

  it('an extended header without end is refused, and not kept', async () => {
    const bytes = ofKind(tarHeader({ ...nothing, name: 'x', size: 70_000 }), 'x');
    await expect(extract(bytes)).rejects.toMatchObject({ name: 'TooMuchError' });
  });

  const nothing: TarEntry = { name: '', type: 'file', size: 0, mode: 0, uid: 0, gid: 0, mtimeMs: 0, target: '' };

  it('that ends early leaves what came whole, and nothing of the rest', async () => {
    const bytes = tarOf({ name: 'first', content: 'one' }, { name: 'second', content: 'y'.repeat(5000) });
    for (const cut of [1, 511, 1024 + 512 + 3000, bytes.length - 1024]) {
      await expect(extract(bytes.subarray(0, cut))).rejects.toMatchObject({ name: 'TarError' });
      expect((await readdir(work)).filter((name) => name !== 'first' && name !== 'second')).toEqual([]);
      if (cut < bytes.length - 1024) expect(await readdir(work)).not.toContain('second');
    }
  });

  it('is never more than a refusal, whatever the bytes are', async () => {
    const good = tarOf(
      { name: 'dir/', type: 'directory' },
      { name: 'dir/file', content: 'content' },
      { name: 'ü'.repeat(80), content: 'x' },
    );
    const change = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        await extract(bytes).catch((error: Error) => {
          if (!['TarError', 'TooMuchError', 'UnsafePathError'].includes(error.name) && !('code' in error)) throw error;
        });
        expect((await readdir(base)).sort()).toEqual(['outside', 'work']);
        expect(await readdir(join(base, 'outside'))).toEqual(['secret']);
      }),
      { numRuns: 60 },
    );
  });
});

it('a link keeps where it leads', async () => {
  await extract(tarOf({ name: 'l', type: 'link', target: 'ü'.repeat(120) }));
  expect(await readlink(join(work, 'l'))).toBe('ü'.repeat(120));
});
