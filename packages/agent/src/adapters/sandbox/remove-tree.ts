/** Removes a directory tree whose owner closed directories of it: an ordinary user needs a user namespace to enter them. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { BerthError } from '@berth/wire';
import type { Bubblewrap } from './bubblewrap.js';
import type { Maker } from './command.js';

const run = promisify(execFile);
const PATIENCE_MS = 300_000;

/** Links in the tree are removed, not followed. Resolves when the tree is gone, also if it was already. Errors: `create-failed`. */
export async function removeTree({ program }: Bubblewrap, maker: Maker, hostPath: string, signal?: AbortSignal): Promise<void> {
  const parent = dirname(hostPath);
  if (parent === '/' || basename(hostPath) !== hostPath.slice(parent.length + 1)) {
    throw new BerthError('create-failed', `${hostPath} is no directory of ours to remove`);
  }
  const there = await access(parent).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  if (!there) return;
  const identity =
    maker.uid === 0
      ? []
      : ['--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'CAP_DAC_OVERRIDE', '--cap-add', 'CAP_FOWNER'];
  const view = ['--ro-bind', '/', '/', '--bind', parent, parent, '--unshare-net', '--unshare-pid', '--die-with-parent'];
  // Relative to the parent: the tree may be too deep for whole paths.
  const argv = [...identity, ...view, '--chdir', parent, '--', 'rm', '-rf', '--one-file-system', '--', `./${basename(hostPath)}`];
  try {
    await run(program, argv, { env: { PATH: '/usr/bin:/bin' }, timeout: PATIENCE_MS, signal });
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr = '' } = error as { stderr?: string };
    throw new BerthError('create-failed', `removing ${hostPath} failed: ${stderr.trim() || (error as Error).message}`, {
      cause: error,
    });
  }
}
