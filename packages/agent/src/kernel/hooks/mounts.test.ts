import { mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someFacts } from '../../../testing/model.js';
import { ScratchFiles } from '../../files/scratch-files.js';
import { emptyDraft } from '../hook.js';
import { mountsHook } from './mounts.js';

const user = process.getuid!() === 0 ? { uid: 1234, gid: 1235 } : { uid: process.getuid!(), gid: process.getgid!() };

let base: string;
let work: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'mounts-'));
  work = join(base, 'work');
  await mkdir(work);
  await mkdir(join(base, 'folder'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function acquire(target: string, source = join(base, 'folder')) {
  const files = new ScratchFiles(() => work);
  const draft = emptyDraft();
  const facts = someFacts({ mounts: [{ source, target, readOnly: false }] }, user);
  const hook = mountsHook((f, path) => files.makeMountPoint(f, path));
  await hook.acquire({ facts, draft, signal: new AbortController().signal, containerMade: async () => {} });
  return draft.mounts;
}

describe('mounts of a kernel', () => {
  it('are put on directories of the kernel’s user, so that nothing of root’s is left in its home (D15)', async () => {
    expect(await acquire('/home/work/data/deep')).toEqual([
      { source: join(base, 'folder'), target: '/home/work/data/deep', readOnly: false },
    ]);
    for (const path of ['data', 'data/deep']) expect(await stat(join(work, path))).toMatchObject(user);
  });

  it('find the directory of an earlier time', async () => {
    await acquire('/home/work/data');
    await acquire('/home/work/data');
  });

  it('of what is not there are refused with both paths', async () => {
    await expect(acquire('/home/work/data', join(base, 'none'))).rejects.toMatchObject({
      code: 'create-failed',
      fields: { source: join(base, 'none'), target: '/home/work/data' },
    });
  });

  it('never go outside /home/work, by name or through a link', async () => {
    await expect(acquire('/etc/data')).rejects.toMatchObject({ code: 'bad-request' });
    await symlink('/etc', join(work, 'link'));
    await expect(acquire('/home/work/link/data')).rejects.toMatchObject({ code: 'unsafe-path' });
    await expect(acquire('/home/work/../data')).rejects.toMatchObject({ code: 'unsafe-path' });
  });
});
