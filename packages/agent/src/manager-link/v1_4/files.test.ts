import { BerthError, type FileEntry, type KernelId } from '@berth/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { ExecuteWorld, KERNEL } from '../../../testing/execute-world.js';
import { DOWNLOAD_BYTES, KernelFiles, modeText, relative } from './files.js';

let world: ExecuteWorld;
let files: KernelFiles;
beforeEach(async () => {
  world = await ExecuteWorld.start();
  files = new KernelFiles(world.service);
  return () => world.executor.stop();
});

const OUTSIDE = ['/etc/passwd', '../x', 'a/../../x', '/home/work/../x', '/home/worker/x', 'a\0b'];

describe('paths', () => {
  it.each([
    ['a/b.txt', 'a/b.txt'],
    ['/home/work/a//b', 'a/b'],
    ['./a/.', 'a'],
    ['.', '.'],
    ['', '.'],
    ['/home/work', '.'],
    ['/home/work/', '.'],
  ])('%j is %j below /home/work', (path, expected) => expect(relative(path)).toBe(expected));

  it.each(OUTSIDE)('%j is refused by every method', async (path) => {
    const refused = { type: 'builtins.ValueError' };
    await expect(files.upload(KERNEL, path, Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(files.download(KERNEL, path)).rejects.toMatchObject(refused);
    await expect(files.list(KERNEL, path)).rejects.toMatchObject(refused);
    expect(world.service.kernels.get(KERNEL)!.files.size).toBe(0);
  });

  it('that pass a link are refused as well', async () => {
    world.service.writeFile = async () => Promise.reject(new BerthError('unsafe-path', 'a link'));
    await expect(files.upload(KERNEL, 'link/x', Buffer.from(''))).rejects.toMatchObject({ type: 'builtins.ValueError' });
  });
});

describe('upload', () => {
  it('writes the bytes', async () => {
    await files.upload(KERNEL, '/home/work/dir/x.bin', Buffer.from([0, 255, 1]));
    expect(Buffer.from(world.service.kernels.get(KERNEL)!.files.get('dir/x.bin')!)).toEqual(Buffer.from([0, 255, 1]));
  });

  it('needs the name of a file', async () => {
    await expect(files.upload(KERNEL, '.', Buffer.from(''))).rejects.toMatchObject({ type: 'builtins.ValueError' });
  });
});

describe('download', () => {
  it('gives what is there and below 1 MiB', async () => {
    await files.upload(KERNEL, 'x', Buffer.from('hello'));
    expect((await files.download(KERNEL, 'x')).toString()).toBe('hello');
    await files.upload(KERNEL, 'x', Buffer.alloc(DOWNLOAD_BYTES - 1));
    expect(await files.download(KERNEL, 'x')).toHaveLength(DOWNLOAD_BYTES - 1);
  });

  it.each([DOWNLOAD_BYTES, DOWNLOAD_BYTES + 1])('refuses %i bytes in the words of 2018', async (size) => {
    await files.upload(KERNEL, 'x', Buffer.alloc(size));
    await expect(files.download(KERNEL, 'x')).rejects.toMatchObject({
      type: 'builtins.AssertionError',
      args: ['too large file.'],
    });
  });

  it('says that nothing is there', async () => {
    await expect(files.download(KERNEL, 'none')).rejects.toMatchObject({ type: 'builtins.FileNotFoundError' });
  });
});

describe('list', () => {
  const entry = (path: string, more: Partial<FileEntry> = {}): FileEntry => ({
    path,
    type: 'file',
    size: 12,
    mode: 0o100644,
    mtimeMs: 1500.25,
    ctimeMs: 2000,
    atimeMs: 0,
    ...more,
  });

  it('gives the entries as JSON text, with what ends in a newline', async () => {
    world.service.listFiles = async (_: KernelId, path: string) => {
      expect(path).toBe('sub');
      return [entry('sub/b"\n'), entry('sub/a', { type: 'directory', mode: 0o040755 })];
    };
    const listing = await files.list(KERNEL, '/home/work/sub/');
    expect(listing).toMatchObject({ errors: '', abspath: '/home/work/sub\n' });
    expect(listing.files.endsWith(']\n')).toBe(true);
    expect(listing.files).toContain('"ctime": 2.0');
    expect(JSON.parse(listing.files)).toEqual([
      { mode: 'drwxr-xr-x', size: 12, ctime: 2, mtime: 1.50025, atime: 0, filename: 'a' },
      { mode: '-rw-r--r--', size: 12, ctime: 2, mtime: 1.50025, atime: 0, filename: 'b"\n' },
    ]);
  });

  it('of the manager’s default path is /home/work', async () => {
    expect(await files.list(KERNEL, '.')).toEqual({ files: '[]\n', errors: '', abspath: '/home/work\n' });
  });

  it('of a directory that is not there is no exception', async () => {
    world.service.listFiles = async () => Promise.reject(new BerthError('no-such-file', 'there is none'));
    expect(await files.list(KERNEL, 'none')).toEqual({ files: '', errors: 'No such file or directory' });
  });
});

describe('modes', () => {
  it.each([
    [0o100644, '-rw-r--r--'],
    [0o040755, 'drwxr-xr-x'],
    [0o120777, 'lrwxrwxrwx'],
    [0o041777, 'drwxrwxrwt'],
    [0o104755, '-rwsr-xr-x'],
    [0o102644, '-rw-r-Sr--'],
    [0o010600, 'prw-------'],
    [0o140700, 'srwx------'],
    [0, '?---------'],
  ])('%o is %s', (mode, text) => expect(modeText(mode)).toBe(text));
});
