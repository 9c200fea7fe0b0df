import { execFileSync } from 'node:child_process';
import { appendFile, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someFacts } from '../../testing/model.js';
import { ScratchFiles } from './scratch-files.js';

const facts = someFacts(
  {},
  process.getuid!() === 0 ? { uid: 1234, gid: 1235 } : { uid: process.getuid!(), gid: process.getgid!() },
);

let base: string;
let work: string;
let files: ScratchFiles;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'files-'));
  work = join(base, 'work');
  await mkdir(join(work, 'dir'), { recursive: true });
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside', 'secret'), 'secret');
  await writeFile(join(work, 'dir', 'file'), 'content');
  files = new ScratchFiles(() => work);
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function* of(...chunks: string[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}
async function* failing(): AsyncIterable<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('the sender went away');
}
async function read(path: string): Promise<string> {
  const { content } = await files.read(facts, path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
const OUTSIDE_PATHS = ['../outside/secret', '/etc/passwd', 'dir/../../outside/secret', 'a\0b', 'x'.repeat(256)];

describe('writing a file', () => {
  it('puts it there whole, for the user of the kernel', async () => {
    const entry = await files.write(facts, 'new', of('one ', '', 'two'));
    expect(entry).toMatchObject({ path: 'new', type: 'file', size: 7 });
    expect(await readFile(join(work, 'new'), 'utf8')).toBe('one two');
    const stats = await stat(join(work, 'new'));
    expect([stats.uid, stats.gid, stats.mode & 0o777]).toEqual([facts.uid, facts.gid, 0o666 & ~process.umask()]);
  });

  it('makes the directories on the way, for the user of the kernel', async () => {
    expect(await files.write(facts, './a//b/c', of('x'))).toMatchObject({ path: 'a/b/c' });
    for (const path of ['a', 'a/b']) expect((await stat(join(work, path))).uid).toBe(facts.uid);
  });

  it('of nothing makes an empty file', async () => {
    expect(await files.write(facts, 'empty', of())).toMatchObject({ size: 0 });
    expect(await readFile(join(work, 'empty'), 'utf8')).toBe('');
  });

  it('replaces what was there', async () => {
    await files.write(facts, 'dir/file', of('other'));
    expect(await readFile(join(work, 'dir', 'file'), 'utf8')).toBe('other');
  });

  it('that breaks off leaves the old file and nothing beside it', async () => {
    await expect(files.write(facts, 'dir/file', failing())).rejects.toThrow('the sender went away');
    expect(await readFile(join(work, 'dir', 'file'), 'utf8')).toBe('content');
    expect(await readdir(join(work, 'dir'))).toEqual(['file']);
  });

  it.each([...OUTSIDE_PATHS, '', '.', './'])('to %j is refused', async (path) => {
    await expect(files.write(facts, path, of('x'))).rejects.toMatchObject({ code: 'unsafe-path', fields: { path } });
    expect(await readFile(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
  });

  it.each(['outside', 'dir'])('through a link to %s is refused', async (target) => {
    await symlink(target === 'outside' ? '../outside' : target, join(work, 'link'));
    for (const path of ['link/file', 'link/sub/file']) {
      await expect(files.write(facts, path, of('x'))).rejects.toMatchObject({ code: 'unsafe-path' });
    }
    expect(await readdir(join(base, 'outside'))).toEqual(['secret']);
  });

  it('over a link replaces the link, not what it names', async () => {
    await symlink('../outside/secret', join(work, 'link'));
    await files.write(facts, 'link', of('mine'));
    expect((await lstat(join(work, 'link'))).isFile()).toBe(true);
    expect(await readFile(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
  });

  it.each(['dir', 'dir/file/below'])('where %s is in the way is refused, and leaves nothing', async (path) => {
    await expect(files.write(facts, path, of('x'))).rejects.toMatchObject({ code: 'unsafe-path' });
    expect([await readdir(work), await readdir(join(work, 'dir'))]).toEqual([['dir'], ['file']]);
  });

  it('over a pipe replaces it and does not wait for its reader', async () => {
    execFileSync('mkfifo', [join(work, 'pipe')]);
    await files.write(facts, 'pipe', of('x'));
    expect((await lstat(join(work, 'pipe'))).isFile()).toBe(true);
  });
});

describe('reading a file', () => {
  it('gives its bytes and facts', async () => {
    expect(await read('dir/file')).toBe('content');
    const { entry, content } = await files.read(facts, './dir//file');
    expect(entry).toMatchObject({ path: 'dir/file', type: 'file', size: 7 });
    for await (const _ of content);
  });

  it('gives nothing of an empty one', async () => {
    await writeFile(join(work, 'empty'), '');
    expect(await read('empty')).toBe('');
  });

  it('ends where the file ended when it was opened, although it grows', async () => {
    await writeFile(join(work, 'log'), 'x'.repeat(600_000));
    const { entry, content } = await files.read(facts, 'log');
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.length;
      await appendFile(join(work, 'log'), 'y'.repeat(300_000));
    }
    expect([entry.size, bytes]).toEqual([600_000, 600_000]);
  });

  it('that is not there says so', async () => {
    for (const path of ['none', 'none/file', 'dir/none']) {
      await expect(files.read(facts, path)).rejects.toMatchObject({ code: 'no-such-file', fields: { path } });
    }
  });

  it.each([...OUTSIDE_PATHS, '', '.', 'dir', 'dir/file/below'])('of %j is refused', async (path) => {
    await expect(files.read(facts, path)).rejects.toMatchObject({ code: 'unsafe-path' });
  });

  it.each([
    ['link', '../outside/secret'],
    ['link/secret', '../outside'],
    ['link', 'dir/file'],
    ['link/file', 'dir'],
    ['link', '/etc/passwd'],
    ['link', 'link'],
  ])('of %s with a link to %s is refused', async (path, target) => {
    await symlink(target, join(work, 'link'));
    await expect(files.read(facts, path)).rejects.toMatchObject({ code: 'unsafe-path' });
  });

  it('of a pipe or a socket is refused and does not wait', async () => {
    execFileSync('mkfifo', [join(work, 'pipe')]);
    await expect(files.read(facts, 'pipe')).rejects.toMatchObject({ code: 'unsafe-path' });
  });

  it('leaves no descriptor open, also when nobody takes the bytes', async () => {
    await writeFile(join(work, 'empty'), '');
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 40; i++) {
      for (const path of ['dir', 'none', '../x', 'dir/file/x', 'empty']) await files.read(facts, path).catch(() => {});
    }
    expect(count()).toBeLessThan(before + 20);
  });
});

describe('listing a directory', () => {
  it('tells of each entry what it is, links as links', async () => {
    await symlink('../outside/secret', join(work, 'link'));
    execFileSync('mkfifo', [join(work, 'pipe')]);
    await writeFile(join(work, 'with\nnewline'), '12');
    const entries = await files.list(facts, '.');
    expect(Object.fromEntries(entries.map(({ path, type }) => [path, type]))).toEqual({
      dir: 'directory',
      link: 'link',
      pipe: 'other',
      'with\nnewline': 'file',
    });
    expect(await readlink(join(work, 'link'))).toBe('../outside/secret');
    expect(await files.list(facts, 'dir')).toMatchObject([{ path: 'dir/file', type: 'file', size: 7 }]);
  });

  it('shows what is no text in a name as such, and the file all the same', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0xff, 0x61])]), 'x');
    expect((await files.list(facts, '.')).map(({ path, size }) => [path, size])).toContainEqual(['\ufffda', 1]);
  });

  it.each([...OUTSIDE_PATHS, 'dir/file'])('of %j is refused', async (path) => {
    await expect(files.list(facts, path)).rejects.toMatchObject({ code: 'unsafe-path' });
  });

  it('through a link is refused', async () => {
    await symlink('../outside', join(work, 'link'));
    await expect(files.list(facts, 'link')).rejects.toMatchObject({ code: 'unsafe-path' });
  });

  it('that is not there says so', async () => {
    await expect(files.list(facts, 'none')).rejects.toMatchObject({ code: 'no-such-file' });
  });

  it('of more entries than one answer holds is refused', async () => {
    execFileSync('sh', ['-c', 'seq 10001 | xargs touch'], { cwd: join(work, 'dir') });
    await expect(files.list(facts, 'dir')).rejects.toMatchObject({ code: 'too-large' });
  });
});
