/** Whatever stands in a kernel's directory, and whatever happens there meanwhile: nothing outside is touched, and nobody waits for ever. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarHeader, TAR_END, type TarEntry } from '@berth/base';
import { itWithTinyDisk } from '../../../base/testing/tiny-disk.js';
import { someFacts } from '../../testing/model.js';
import { ScratchFiles } from './scratch-files.js';

const isRoot = process.getuid!() === 0;
const facts = someFacts({}, isRoot ? { uid: 1234, gid: 1235 } : { uid: process.getuid!(), gid: process.getgid!() });

let base: string;
let work: string;
let files: ScratchFiles;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'hostile-'));
  work = join(base, 'work');
  await mkdir(join(work, 'dir'), { recursive: true });
  await mkdir(join(base, 'outside', 'sub'), { recursive: true });
  await writeFile(join(base, 'outside', 'secret'), 'secret');
  await writeFile(join(base, 'outside', 'sub', 'kept'), 'kept');
  await writeFile(join(work, 'dir', 'file'), 'content');
  files = new ScratchFiles(() => work);
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Nothing was made, changed or removed outside. */
async function expectOutsideUntouched(): Promise<void> {
  expect((await readdir(base)).sort()).toEqual(['outside', 'work']);
  expect((await readdir(join(base, 'outside'), { recursive: true })).sort()).toEqual(['secret', 'sub', 'sub/kept']);
  expect(await readFile(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
  expect((await stat(join(base, 'outside', 'secret'))).nlink).toBe(1);
}

async function* of(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
async function text(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}
const tar = (name: string, type: TarEntry['type'] = 'file'): AsyncIterable<Uint8Array> =>
  (async function* () {
    yield tarHeader({ name, type, size: 0, mode: 0o755, uid: 0, gid: 0, mtimeMs: 0, target: '' });
    yield TAR_END;
  })();

/** Every verb, on one path. Those that only look come first; what they give is read. */
const verbs = (path: string): [string, () => Promise<unknown>][] => [
  ['stat', () => files.stat(facts, path)],
  ['list', () => files.list(facts, path)],
  ['read', async () => text((await files.read(facts, path)).content)],
  ['archive', async () => text((await files.archive(facts, path)).content)],
  ['write', () => files.write(facts, path, of('mine'))],
  ['makeDirectory', () => files.makeDirectory(facts, path)],
  ['extract', () => files.extract(facts, path, tar('x'))],
  ['move from', () => files.move(facts, path, 'moved')],
  ['move to', () => files.move(facts, 'dir/file', path)],
  ['remove', () => files.remove(facts, path)],
  ['remove all', () => files.remove(facts, path, { recursive: true })],
];

describe('a path that leads out', () => {
  const paths = [
    '../outside/secret',
    '..',
    'dir/../../outside',
    '/etc/passwd',
    'a\0b',
    `${'x'.repeat(256)}`,
    'out/secret',
    'out/sub/kept',
    'up/outside/secret',
  ];
  it.each(paths)('is refused by every verb: %j', async (path) => {
    await symlink('../outside', join(work, 'out'));
    await symlink('..', join(work, 'up'));
    for (const [verb, call] of verbs(path)) await expect(call(), verb).rejects.toMatchObject({ code: 'unsafe-path' });
    await expectOutsideUntouched();
  });

  it('of /home/work itself is neither moved, replaced nor removed', async () => {
    for (const path of ['', '.', './']) {
      for (const [verb, call] of verbs(path).filter(([verb]) => /write|move|remove/.test(verb)))
        await expect(call(), verb).rejects.toMatchObject({ code: 'unsafe-path' });
    }
    expect(await readFile(join(work, 'dir', 'file'), 'utf8')).toBe('content');
  });
});

describe('what is no file', () => {
  it.each(['pipe', 'socket', ...(isRoot ? ['device'] : [])])('a %s is neither opened nor waited for', async (kind) => {
    const path = join(work, 'odd');
    const server = createServer();
    if (kind === 'pipe') execFileSync('mkfifo', [path]);
    else if (kind === 'device') execFileSync('mknod', [path, 'c', '1', '9']);
    else await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      expect(await files.stat(facts, 'odd')).toMatchObject({ type: 'other' });
      for (const verb of ['read', 'list', 'archive', 'makeDirectory', 'extract'])
        await expect(verbs('odd').find(([name]) => name === verb)![1](), verb).rejects.toMatchObject({ code: 'unsafe-path' });
      await files.move(facts, 'odd', 'dir/odd');
      await files.remove(facts, 'dir', { recursive: true });
      expect(existsSync(join(work, 'dir'))).toBe(false);
    } finally {
      server.close();
    }
  });

  it('a link is told, moved and removed as a link', async () => {
    await symlink('../outside/sub', join(work, 'link'));
    expect(await files.stat(facts, 'link')).toMatchObject({ type: 'link' });
    await files.move(facts, 'link', 'dir/link');
    await files.remove(facts, 'dir', { recursive: true });
    await symlink('../outside/sub', join(work, 'again'));
    await files.remove(facts, 'again', { recursive: true });
    expect(await readdir(work)).toEqual([]);
    await expectOutsideUntouched();
  });

  it('a file with a second name is replaced under the one, and stays under the other', async () => {
    await link(join(work, 'dir', 'file'), join(work, 'second'));
    await files.write(facts, 'second', of('new'));
    expect(await readFile(join(work, 'dir', 'file'), 'utf8')).toBe('content');
  });
});

describe('names', () => {
  it.each(['with\nnewline', 'with space', '-rf', '*', 'ü'.repeat(127), 'C:\\x', '\u202etxt.exe', '...'])(
    'like %j are names',
    async (name) => {
      await files.write(facts, name, of('x'));
      expect(await files.stat(facts, name)).toMatchObject({ path: name, size: 1 });
      expect((await files.list(facts, '.')).map(({ path }) => path)).toContain(name);
      await files.move(facts, name, `dir/${name}`);
      await files.remove(facts, `dir/${name}`);
    },
  );

  it('of bytes that are no text are listed, archived and removed with their directory', async () => {
    await mkdir(Buffer.from(`${work}/dir/\xff\xfe`, 'latin1'));
    await writeFile(Buffer.from(`${work}/dir/\xff\xfe/\x80`, 'latin1'), 'x');
    expect((await files.list(facts, 'dir')).map(({ path, type }) => [path, type])).toContainEqual([
      'dir/\ufffd\ufffd',
      'directory',
    ]);
    expect((await text((await files.archive(facts, 'dir')).content)).length).toBeGreaterThan(1024);
    await files.remove(facts, 'dir', { recursive: true });
    expect(await readdir(work)).toEqual([]);
  });

  it('of a tree that is deeper than any path are removed', async () => {
    execFileSync('python3', ['-c', 'import os\nfor i in range(3000):\n os.mkdir("d"*200); os.chdir("d"*200)\nopen("f","w")'], {
      cwd: join(work, 'dir'),
    });
    await expect(files.archive(facts, 'dir')).rejects.toMatchObject({ code: 'too-large' });
    const before = (await readdir('/proc/self/fd')).length;
    await files.remove(facts, 'dir', { recursive: true });
    expect(await readdir(work)).toEqual([]);
    expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before);
  });
});

describe('removing, moving and making', () => {
  it('tell what is missing', async () => {
    for (const call of [
      () => files.remove(facts, 'none'),
      () => files.move(facts, 'none/x', 'y'),
      () => files.stat(facts, 'none'),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'no-such-file' });
  });

  it('of a directory that is not empty wants to be meant', async () => {
    await expect(files.remove(facts, 'dir')).rejects.toMatchObject({ code: 'unsafe-path', message: /not empty/ });
    await expect(files.move(facts, 'dir', 'dir/below')).rejects.toMatchObject({ code: 'unsafe-path' });
    expect(await readFile(join(work, 'dir', 'file'), 'utf8')).toBe('content');
  });

  it('belong to the user of the kernel, with all directories on the way', async () => {
    await files.write(facts, 'a/b/file', of('x'), { mode: 0o755 });
    await files.extract(facts, 'c/d', tar('e/f'));
    await files.move(facts, 'a/b/file', 'g/h/file');
    for (const path of ['a', 'a/b', 'c', 'c/d', 'c/d/e', 'c/d/e/f', 'g', 'g/h', 'g/h/file'])
      expect(await stat(join(work, path)), path).toMatchObject({ uid: facts.uid, gid: facts.gid });
    expect((await stat(join(work, 'g/h/file'))).mode & 0o777).toBe(0o755 & ~process.umask());
  });
});

describe('a sum that is told beforehand', () => {
  const sha256 = createHash('sha256').update('content').digest('hex');

  it('lets the right content pass', async () => {
    await files.write(facts, 'new', of('content'), { sha256: sha256.toUpperCase() });
    expect(await readFile(join(work, 'new'), 'utf8')).toBe('content');
  });

  it('keeps other content from getting the name', async () => {
    await expect(files.write(facts, 'dir/file', of('other'), { sha256 })).rejects.toMatchObject({
      code: 'bad-request',
      message: /sha256/,
    });
    expect(await readFile(join(work, 'dir', 'file'), 'utf8')).toBe('content');
    expect(await readdir(work)).toEqual(['dir']);
  });
});

describe('folders of the host that are mounted there', () => {
  const mounts = [{ source: '/srv', target: '/home/work/data/set', readOnly: false }];
  const mounted = someFacts({ mounts }, { uid: facts.uid, gid: facts.gid });

  it('are not reached, nor taken from under the kernel', async () => {
    await files.makeMountPoint(mounted, 'data/set');
    for (const call of [
      () => files.list(mounted, 'data/set'),
      () => files.write(mounted, 'data/set/x', of('x')),
      () => files.extract(mounted, 'data', tar('set/x')),
      () => files.remove(mounted, 'data', { recursive: true }),
      () => files.move(mounted, 'data/set', 'other'),
      () => files.move(mounted, 'dir', 'data'),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'unsafe-path', message: /folder of the host/ });
    await files.write(mounted, 'data/settings', of('x'));
    expect((await readdir(join(work, 'data'))).sort()).toEqual(['set', 'settings']);
  });
});

describe('what a killed agent has left', () => {
  it('is not shown, and removed', async () => {
    let die = () => {};
    const half = async function* () {
      yield Buffer.from('half');
      await new Promise<void>((resolve) => (die = resolve));
    };
    const written = files.write(facts, 'dir/big', half()).catch((error: unknown) => error);
    while ((await readdir(work)).length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect((await files.list(facts, '.')).map(({ path }) => path)).toEqual(['dir']);
    expect(await new ScratchFiles(() => work).removeLeftovers(facts)).toBe(1);
    expect(await readdir(work, { recursive: true })).toEqual(['dir', 'dir/file']);
    die();
    expect(await written).toMatchObject({ code: 'no-such-file' });
  });
});

itWithTinyDisk('a disk that is full is told as such, and nothing is left', async (disk) => {
  const tiny = new ScratchFiles(() => disk);
  const big = async function* () {
    for (let i = 0; i < 100; i++) yield Buffer.alloc(16_384);
  };
  await expect(tiny.write(facts, 'big', big())).rejects.toMatchObject({ code: 'disk-full' });
  expect(await readdir(disk)).toEqual([]);
});

describe('a directory that is swapped for a link all the time', () => {
  it.each(['write', 'read', 'archive', 'extract', 'remove', 'move', 'stat and list'])('never leads out: %s', async (verb) => {
    // In this thread, between any two steps of the call: no process of its own hits them as surely.
    const [here, away, out] = ['x', 'x-away', 'x-link'].map((name) => join(work, name)) as [string, string, string];
    let isLink = false;
    const reset = () => {
      for (const path of [here, away, out]) rmSync(path, { recursive: true, force: true });
      mkdirSync(here);
      symlinkSync('../outside', out);
      isLink = false;
    };
    const swap = () => {
      try {
        renameSync(here, isLink ? out : away);
        renameSync(isLink ? away : out, here);
        isLink = !isLink;
      } catch {
        // The call has just made something under that name.
        reset();
      }
    };
    reset();
    let going = true;
    const swapping = (async () => {
      while (going) {
        swap();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const results = new Set<string>();
    for (let i = 0; i < 150; i++) {
      const mine = [here, away].find((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory());
      if (mine) writeFileSync(join(mine, 'secret'), 'mine');
      const calls: Record<string, () => Promise<unknown>> = {
        write: () => files.write(facts, 'x/new', of('x')),
        read: async () => results.add(await text((await files.read(facts, 'x/secret')).content)),
        archive: async () => results.add(await text((await files.archive(facts, 'x')).content)),
        extract: () => files.extract(facts, '.', tar('x/sub/new')),
        remove: () => files.remove(facts, 'x/secret', { recursive: true }),
        move: () => files.move(facts, 'x/secret', 'x/sub'),
        'stat and list': async () => {
          results.add(JSON.stringify(await files.list(facts, 'x')));
          results.add(JSON.stringify(await files.stat(facts, 'x/sub/kept')));
        },
      };
      await calls[verb]!().catch((error: { code?: string }) => expect(['unsafe-path', 'no-such-file']).toContain(error.code));
    }
    going = false;
    await swapping;
    await expectOutsideUntouched();
    for (const result of results) expect(result).not.toMatch(/kept|ysecret|^secret/);
  });
});
