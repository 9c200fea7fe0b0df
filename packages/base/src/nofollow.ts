/**
 * Paths below a directory that somebody hostile may change at any moment. Node has no openat, so each step goes through
 * `/proc/self/fd/<open directory>/<name>` with O_NOFOLLOW: a link anywhere on the way is refused, never followed, and a
 * directory that is swapped for a link meanwhile changes nothing.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** A path that is not taken: absolute, with `..`, an empty name, or through a link or a non-directory. */
export class UnsafePathError extends Error {
  override readonly name = 'UnsafePathError';
}

/** The names of a relative path; `.` and empty give none. Throws {@link UnsafePathError}. */
export function pathNames(path: string): string[] {
  if (path.includes('\0')) throw new UnsafePathError('a path contains a zero byte');
  if (path.startsWith('/')) throw new UnsafePathError(`${JSON.stringify(path)} is absolute`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new UnsafePathError(`${JSON.stringify(path)} leads upwards`);
  for (const name of names) {
    if (Buffer.byteLength(name) > 255) throw new UnsafePathError(`a name in the path is longer than 255 bytes`);
  }
  return names;
}

/** Path of `name` in the open directory, short whatever the directory's own path is. */
export const inDirectory = (directory: FileHandle, name: string): string => `/proc/self/fd/${directory.fd}/${name}`;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Opens `names` below `root`, one by one. The caller closes the result. Throws {@link UnsafePathError} at a link, ENOENT if missing. */
export async function openDirectory(root: string, names: readonly string[]): Promise<FileHandle> {
  let here = await open(root, DIRECTORY);
  for (const name of names) {
    try {
      const next = await open(inDirectory(here, name), DIRECTORY);
      await here.close();
      here = next;
    } catch (error) {
      await here.close();
      throw refuse(error, name);
    }
  }
  return here;
}

/** Opens the last of `names` below `root` with `flags` (O_NOFOLLOW and O_NONBLOCK are added). */
export async function openBelow(root: string, names: readonly string[], flags: number, mode = 0o666): Promise<FileHandle> {
  const name = names.at(-1);
  if (name === undefined) return openDirectory(root, []);
  const directory = await openDirectory(root, names.slice(0, -1));
  try {
    return await open(inDirectory(directory, name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, mode);
  } catch (error) {
    throw refuse(error, name);
  } finally {
    await directory.close();
  }
}

function refuse(error: unknown, name: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ELOOP' || code === 'ENOTDIR') return new UnsafePathError(`${JSON.stringify(name)} is a link or not a directory`);
  return error;
}
