import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FROM_ETC, readHostLayout } from './layout.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-layout-'));
  for (const path of ['usr/bin', 'usr/sbin', 'etc/ssl/certs', 'etc/alternatives', 'home/alice'])
    await mkdir(join(root, path), { recursive: true });
  await symlink('usr/bin', join(root, 'bin'));
  await symlink('usr/sbin', join(root, 'sbin'));
  await mkdir(join(root, 'lib'));
  await writeFile(join(root, 'usr/sbin/ldconfig'), '');
  await writeFile(join(root, 'etc/timezone'), 'Etc/UTC\n');
  await writeFile(join(root, 'etc/shadow'), 'root:secret\n');
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe('readHostLayout', () => {
  it('shows links as links and directories of programs as mounts', async () => {
    const { entries, mounts } = await readHostLayout(0, { root });
    expect(entries).toContainEqual({ path: 'bin', kind: 'link', target: 'usr/bin' });
    expect(mounts.map(({ target }) => target)).toEqual(['/usr', '/lib', '/etc/alternatives', '/etc/ssl/certs']);
    expect(mounts.every(({ readOnly }) => readOnly)).toBe(true);
  });

  it('keeps /sbin free of mounts, for the init of Docker', async () => {
    const { entries, mounts } = await readHostLayout(0, { root });
    expect(entries).toContainEqual({ path: 'sbin', kind: 'directory', mode: 0o755 });
    expect(entries).toContainEqual({ path: 'sbin/ldconfig', kind: 'link', target: '/usr/sbin/ldconfig' });
    expect(mounts.some(({ target }) => target === '/sbin')).toBe(false);
  });

  it('shows a /sbin of its own through links, too', async () => {
    await rm(join(root, 'sbin'));
    await mkdir(join(root, 'sbin'));
    await writeFile(join(root, 'sbin/apk'), '');
    const { entries, mounts } = await readHostLayout(0, { root });
    expect(entries).toContainEqual({ path: 'sbin/apk', kind: 'link', target: '/.host-sbin/apk' });
    expect(mounts).toContainEqual({ source: join(root, 'sbin'), target: '/.host-sbin', readOnly: true });
  });

  it('shows the whole /sbin where nothing is put into it', async () => {
    const { entries } = await readHostLayout(0, { root, initInSbin: false });
    expect(entries.filter(({ path }) => path.startsWith('sbin'))).toEqual([{ path: 'sbin', kind: 'link', target: 'usr/sbin' }]);
  });

  it('takes of /etc what is on the list, and never accounts of the machine', async () => {
    const { entries } = await readHostLayout(1000, { root });
    const paths = entries.map(({ path }) => path);
    expect(paths).toContain('etc/timezone');
    expect(paths).not.toContain('etc/shadow');
    expect(FROM_ETC.filter((name) => /shadow|passwd|ssh|private|machine-id|hostname/.test(name))).toEqual([]);
    const passwd = entries.find(({ path }) => path === 'etc/passwd');
    expect(passwd).toMatchObject({ content: expect.stringContaining('work:x:1000:1000:') as string });
  });

  it('has every directory before what lies in it', async () => {
    const { entries } = await readHostLayout(0, { root });
    for (const [index, { path }] of entries.entries()) {
      const parent = path.split('/').slice(0, -1).join('/');
      const before = entries.slice(0, index).map((entry) => entry.path);
      expect(parent === '' || before.includes(parent), `${path} comes before its directory`).toBe(true);
    }
  });
});
