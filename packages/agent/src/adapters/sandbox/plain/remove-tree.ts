/** Removes a directory tree whose owner, who is we or whom we may overrule, closed directories of it. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { BerthError } from '@berth/wire';

const run = promisify(execFile);
const PATIENCE_MS = 300_000;
/** Both walk step by step, follow no link, and take trees that are too deep for whole paths. */
const REMOVE = 'chmod -R u+rwX -- "$1" 2>/dev/null; exec rm -rf --one-file-system -- "$1"';

/** Resolves when the tree is gone, also if it was already. Errors: `create-failed`. */
export async function removeTree(hostPath: string, signal?: AbortSignal): Promise<void> {
  const parent = dirname(hostPath);
  const there = await access(parent).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  if (!there) return;
  try {
    const options = { cwd: parent, env: { PATH: '/usr/bin:/bin' }, timeout: PATIENCE_MS, signal };
    await run('/bin/sh', ['-c', REMOVE, 'sh', `./${basename(hostPath)}`], options);
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr = '' } = error as { stderr?: string };
    throw new BerthError('create-failed', `removing ${hostPath} failed: ${stderr.trim() || (error as Error).message}`, {
      cause: error,
    });
  }
}
