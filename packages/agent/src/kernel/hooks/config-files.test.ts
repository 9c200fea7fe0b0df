import { lstat, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someFacts } from '../../../testing/model.js';
import { ScratchFiles } from '../../files/scratch-files.js';
import { silentLogger } from '../../ports/logger.js';
import { emptyDraft, type KernelDraft } from '../hook.js';
import { scratchLayout } from '../scratch-layout.js';
import { configFilesHook } from './config-files.js';

const user = process.getuid!() === 0 ? { uid: 1234, gid: 1235 } : { uid: process.getuid!(), gid: process.getgid!() };
const facts = someFacts({ env: { A: '1', B: 'x\nC=2' } }, user);

let scratchRoot: string;
let warnings: object[];
beforeEach(async () => {
  scratchRoot = await mkdtemp(join(tmpdir(), 'config-files-'));
  warnings = [];
  await mkdir(scratchLayout(scratchRoot, facts).work, { recursive: true });
});
afterEach(() => rm(scratchRoot, { recursive: true, force: true }));

async function acquire(): Promise<KernelDraft> {
  const files = new ScratchFiles(() => scratchLayout(scratchRoot, facts).work);
  const draft = emptyDraft();
  const hook = configFilesHook({
    scratchRoot,
    makeMountPoint: (f, path) => files.makeDirectory(f, path),
    environment: ({ spec }) => spec.env,
    logger: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
  });
  await hook.acquire({ facts, draft, signal: new AbortController().signal, containerMade: async () => {} });
  return draft;
}

describe('the configuration files of a kernel', () => {
  it('are mounted read-only on a directory that is the user’s own', async () => {
    const { config, work } = scratchLayout(scratchRoot, facts);
    expect((await acquire()).mounts).toEqual([{ source: config, target: '/home/work/.config', readOnly: true }]);
    expect((await lstat(join(work, '.config'))).uid).toBe(user.uid);
  });

  it('say the environment without what would bring more along, which is told by name alone', async () => {
    await acquire();
    expect(await readFile(join(scratchLayout(scratchRoot, facts).config, 'environ.txt'), 'utf8')).toBe('A=1\n');
    expect(warnings).toEqual([{ kernel: 'k1', variables: ['B'] }]);
  });

  it('can be read by everyone inside, and are the same when made again', async () => {
    const mask = process.umask(0o077);
    try {
      await acquire();
      await acquire();
    } finally {
      process.umask(mask);
    }
    const { config } = scratchLayout(scratchRoot, facts);
    const modes = await Promise.all(
      [config, join(config, 'environ.txt'), join(config, 'resource.txt')].map((path) => lstat(path)),
    );
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o755, 0o644, 0o644]);
  });

  it('follow no link that the user left in their place', async () => {
    const { work } = scratchLayout(scratchRoot, facts);
    await mkdir(join(scratchRoot, 'elsewhere'));
    await symlink(join(scratchRoot, 'elsewhere'), join(work, '.config'));
    await expect(acquire()).rejects.toThrow();
  });
});
