import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findBubblewrap, parseVersion } from './bubblewrap.js';
import { parseLdd } from './parts.js';

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'berth-bwrap-'))));
afterEach(() => rm(directory, { recursive: true }));

async function playing(says: string): Promise<string> {
  const path = join(directory, 'bwrap');
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return path;
}

it('that is missing is told with the remedy', async () => {
  const refused = findBubblewrap([join(directory, 'none')]);
  await expect(refused).rejects.toMatchObject({
    code: 'driver-unavailable',
    fix: expect.stringContaining('apt-get install bubblewrap') as string,
  });
});

it.each(['bubblewrap 0.6.1', 'bubblewrap', 'bubblewrap 0.4'])('that says %j is too old', async (says) => {
  await expect(findBubblewrap([await playing(says)])).rejects.toMatchObject({ code: 'driver-unavailable' });
});

it.each([
  ['bubblewrap 0.7.0', false],
  ['bubblewrap 0.8.0', true],
  ['bubblewrap 1.0', true],
])('that says %j is taken', async (says, disablesUserNamespaces) => {
  const program = await playing(says);
  expect(await findBubblewrap(['/no/such/bwrap', program])).toMatchObject({ program, disablesUserNamespaces });
});

it('has a version of three numbers', () => {
  expect([parseVersion('bubblewrap 0.11'), parseVersion('none')]).toEqual([[0, 11, 0], undefined]);
});

it('has its loader and libraries, as ldd of glibc and of musl tell them', () => {
  const glibc = '\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n\t/lib64/ld-linux-x86-64.so.2 (0x3)\n';
  expect(parseLdd(glibc)).toEqual({
    loader: '/lib64/ld-linux-x86-64.so.2',
    libraries: [{ name: 'libc.so.6', path: '/lib/libc.so.6' }],
  });
  const musl =
    '\t/lib/ld-musl-x86_64.so.1 (0x1)\n\tlibcap.so.2 => /usr/lib/libcap.so.2 (0x2)\n\tlibc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x1)\n';
  expect(parseLdd(musl)).toMatchObject({ loader: '/lib/ld-musl-x86_64.so.1', libraries: [{ name: 'libcap.so.2' }] });
});
