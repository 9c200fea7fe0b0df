import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { IN_KERNEL } from '@berth/wire';
import { isPassedThrough } from '../../node/passable.js';
import type { Driver } from '../../ports/driver.js';
import type { LifecycleHook } from '../hook.js';
import { FIFO_COUNT, scratchLayout, type ScratchLayout } from '../scratch-layout.js';

const run = promisify(execFile);

/** The kernel's directory on the host: /home/work, and the run directory behind a root-only tmpfs. */
export function scratchHook(scratchRoot: string, driver: Driver): LifecycleHook {
  return {
    name: 'scratch',
    async acquire({ facts, draft, signal }) {
      const at = scratchLayout(scratchRoot, facts);
      // A run directory that others can get to is closed instead.
      const through = isPassedThrough(driver.isolation);
      await makeDirectory(at.root, through ? 0o711 : 0o700);
      // As the umask says: operators set one for all files of kernels (the guide of 1.4 asks for 0002).
      await mkdir(at.work, { recursive: true });
      await removeEarlierRuns(at);
      await makeDirectory(at.run, through ? 0o700 : 0o777);
      if (process.getuid?.() === 0) await chown(at.work, facts.uid, facts.gid);
      draft.fifos = await makeFifos(at.run, signal);
      draft.tmpfs.push({ target: IN_KERNEL.private, sizeBytes: 64 * 1024, mode: 0o700 });
      draft.mounts.push({ source: at.run, target: IN_KERNEL.run, readOnly: false });
      draft.mounts.push({ source: at.work, target: IN_KERNEL.work, readOnly: false });
    },
    async release({ facts }) {
      const { root } = scratchLayout(scratchRoot, facts);
      try {
        await rm(root, { recursive: true, force: true, maxRetries: 3 });
      } catch (error) {
        // Not ours to remove as an ordinary user: what other uids left, or directories that their owner closed. Or too deep
        // for whole paths: a program can make such a tree step by step.
        if (!['EACCES', 'EPERM', 'ENOTEMPTY', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        await driver.removeTree(root);
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

/** Run directories of incarnations before this one: nobody speaks through them any more. */
async function removeEarlierRuns({ root, run: current }: ScratchLayout): Promise<void> {
  const names = (await readdir(root)).filter((name) => name.startsWith('run-') && join(root, name) !== current);
  await Promise.all(names.map((name) => rm(join(root, name), { recursive: true, force: true })));
}

/** The mode is set apart from making: the agent's umask must not narrow it. */
async function makeDirectory(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
}

/** Real pipes for standard streams: a program may open /dev/stdout again, which fails on the socket pairs that Node makes. */
async function makeFifos(directory: string, signal: AbortSignal): Promise<number> {
  const paths = Array.from({ length: FIFO_COUNT }, (_, index) => join(directory, `fifo-${index}`));
  try {
    await run('mkfifo', ['-m', '666', ...paths], { signal });
    return FIFO_COUNT;
  } catch (error) {
    if (signal.aborted) throw error;
    // Taken up again after a crash: they exist. No mkfifo on this machine: the runner falls back to socket pairs.
    const last = await lstat(paths.at(-1)!).catch(() => undefined);
    return last?.isFIFO() ? FIFO_COUNT : 0;
  }
}
