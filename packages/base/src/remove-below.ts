/** Removes trees that somebody hostile may change at any moment. No link is followed. */
import { constants } from 'node:fs';
import { lstat, open, opendir, readdir, rename, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { inDirectory, openDirectory } from './nofollow.js';
import { isTemporary, temporaryIn } from './temporary.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Each level holds descriptors. What lies deeper is moved up first: a program can build a tree of any depth, step by step. */
const LEVELS_AT_ONCE = 32;
/** Somebody may put names into a directory as fast as they are removed. */
const MOST_ROUNDS = 100;

/**
 * Removes what `names` (one or more) names below `root`, a directory with all that is in it. Errors: ENOENT, `UnsafePathError`, ENOTEMPTY for a
 * directory that is filled meanwhile, those of the disk; a part may be gone then.
 */
export async function removeBelow(root: FileHandle, names: readonly string[]): Promise<void> {
  const parent = await openDirectory(inDirectory(root, '.'), names.slice(0, -1));
  try {
    const path = Buffer.from(inDirectory(parent, names.at(-1)!));
    const deep: Buffer[] = [path];
    for (let next = deep.pop(); next; next = deep.pop()) await remove(next, 0, root, deep);
  } finally {
    await parent.close();
  }
}

/** Removes what earlier lives have left under temporary names. Only while nobody puts anything below `root`. Tells how many there were. */
export async function removeTemporaries(root: FileHandle): Promise<number> {
  const left = (await readdir(inDirectory(root, '.'))).filter(isTemporary);
  for (const name of left) await removeBelow(root, [name]);
  return left.length;
}

/** `deep` takes the paths of what was moved up, to be removed next. */
async function remove(path: Buffer, level: number, root: FileHandle, deep: Buffer[]): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return unlink(path);
  if (level === LEVELS_AT_ONCE) {
    const up = Buffer.from(temporaryIn(root));
    await rename(path, up);
    deep.push(up);
    return;
  }
  const directory = await open(path, DIRECTORY);
  try {
    for (let round = 0; round < MOST_ROUNDS && (await clear(directory, level, root, deep)); round++);
  } finally {
    await directory.close();
  }
  await rmdir(path);
}

/** One round over a directory; false when it was empty. */
async function clear(directory: FileHandle, level: number, root: FileHandle, deep: Buffer[]): Promise<boolean> {
  let found = false;
  // Latin-1 keeps any bytes of a name; they are what the kernel wants back.
  for await (const { name } of await opendir(inDirectory(directory, '.'), { encoding: 'latin1' })) {
    found = true;
    const path = Buffer.concat([Buffer.from(inDirectory(directory, '')), Buffer.from(name, 'latin1')]);
    try {
      await remove(path, level + 1, root, deep);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return found;
}
