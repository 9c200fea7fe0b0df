/** Makes files and directories below a directory that somebody hostile may change at any moment. No link is followed. */
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { inDirectory, openDirectory } from './nofollow.js';
import { temporaryIn } from './temporary.js';

/** Whose files they become; undefined where they stay those of this process. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Times that every file system takes: the first four digits of a year are enough. */
const LATEST_SECONDS = 253_402_300_799;

export interface PutOptions {
  readonly owner?: FileOwner | undefined;
  /** Permission bits; the umask is taken off. Default 0666. */
  readonly mode?: number | undefined;
  /** Milliseconds since the epoch; default now. */
  readonly mtimeMs?: number | undefined;
  /** Called with all written, before it gets its name; throws to prevent that. */
  readonly verify?: () => void;
}

/**
 * Writes `content` under a temporary name in `root`, then renames it to `name` in `directory` (below `root`, on the same disk): nobody sees
 * half of it, and whoever has the old file open or linked keeps that. Errors: those of the disk, of `content` and of `verify`; nothing is left then.
 */
export async function putFile(
  root: FileHandle,
  directory: FileHandle,
  name: string,
  content: AsyncIterable<Uint8Array>,
  { owner, mode = 0o666, mtimeMs, verify }: PutOptions = {},
): Promise<Stats> {
  const temporary = temporaryIn(root);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777);
  try {
    try {
      if (owner) await handle.chown(owner.uid, owner.gid);
      for await (const chunk of content) await handle.writeFile(chunk);
      verify?.();
      if (mtimeMs !== undefined) {
        const seconds = Math.min(Math.max(0, mtimeMs / 1000), LATEST_SECONDS);
        await handle.utimes(seconds, seconds);
      }
    } finally {
      await handle.close();
    }
    await rename(temporary, inDirectory(directory, name));
    return await lstat(inDirectory(directory, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** For what is made: `mode` of the last directory, as the umask says; its owner may always enter it. */
export interface DirectoryOptions {
  readonly owner?: FileOwner | undefined;
  readonly mode?: number | undefined;
}

/** Opens `names` below `root`, and makes what is missing. The caller closes the result. Errors as {@link openDirectory}. */
export async function makeDirectories(
  root: FileHandle,
  names: readonly string[],
  { owner, mode = 0o777 }: DirectoryOptions = {},
): Promise<FileHandle> {
  let here = await openDirectory(inDirectory(root, '.'), []);
  for (const [index, name] of names.entries()) {
    try {
      const bits = index === names.length - 1 ? (mode & 0o777) | 0o700 : 0o777;
      const made = await isMade(inDirectory(here, name), bits);
      const next = await openDirectory(inDirectory(here, '.'), [name]);
      if (made && owner) await next.chown(owner.uid, owner.gid);
      await here.close();
      here = next;
    } catch (error) {
      await here.close();
      throw error;
    }
  }
  return here;
}

/** False when it was there. */
async function isMade(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
