import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directoryImage, directoryRoot } from './root.js';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'berth-rootfs-')));
  await chmod(root, 0o755);
  for (const path of ['usr/bin', 'opt/tool', 'home', 'proc/1', 'tmp']) await mkdir(join(root, path), { recursive: true });
  await symlink('usr/bin', join(root, 'bin'));
  await symlink('/home', join(root, 'berth'));
  await writeFile(join(root, 'file'), '');
});
afterEach(() => rm(root, { recursive: true }));

describe('an unpacked root file system', () => {
  it('is shown whole where every mount point is there, taken apart where one is missing, and no link is followed', async () => {
    const points = ['/tmp', '/opt/berth', '/home/work', '/berth/run'].map((target) => ({ target, directory: true }));
    expect(await directoryRoot(root, points)).toEqual([
      { kind: 'link', path: '/bin', target: 'usr/bin' },
      { kind: 'bind', path: '/file', source: join(root, 'file') },
      { kind: 'directory', path: '/home', mode: 0o755 },
      { kind: 'directory', path: '/opt', mode: 0o755 },
      { kind: 'bind', path: '/opt/tool', source: join(root, 'opt/tool') },
      { kind: 'bind', path: '/tmp', source: join(root, 'tmp') },
      { kind: 'bind', path: '/usr', source: join(root, 'usr') },
      { kind: 'directory', path: '/berth', mode: 0o755 },
    ]);
  });

  it('is known by its real path', async () => {
    await symlink(root, join(root, 'usr/self'));
    expect(await directoryImage(join(root, 'usr/self'), [])).toBe(root);
  });

  it.each([
    ['/', 'the root file system of this machine'],
    ['/no/such/root', 'ENOENT'],
    ['/proc', 'neither'],
  ])('is refused when it is %s', async (path, why) => {
    await expect(directoryImage(path, [])).rejects.toMatchObject({
      code: 'image-not-found',
      message: expect.stringContaining(why) as string,
    });
  });

  it('is refused when it holds what no session may see', async () => {
    await expect(directoryImage(root, [join(root, 'opt')])).rejects.toMatchObject({ code: 'image-not-found' });
  });
});
