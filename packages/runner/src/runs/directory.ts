/** The directory that a program starts in. */
import { openDirectory, pathNames, UnsafePathError } from '@berth/base';

/** A way to start in a directory of the user. */
export interface StartDirectory {
  /** For the spawn. */
  readonly cwd: string;
  /** The command line, which may have to enter the directory itself. */
  readonly argv: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens `relative` below `work`. A spawn enters the directory before it becomes the user, and root may enter where the user
 * may not; so no link is followed, and the descriptor is what is entered. A directory that only the user may enter is entered
 * by a shell, as the user. Throws {@link UnsafePathError}, ENOENT.
 */
export async function enter(work: string, relative: string, argv: readonly string[]): Promise<StartDirectory> {
  const names = pathNames(relative);
  try {
    const directory = await openDirectory(work, names);
    return { cwd: `/proc/self/fd/${directory.fd}`, argv, close: () => directory.close() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    const enterFirst = ['/bin/sh', '-c', 'cd -P -- "$0" && exec "$@"', [work, ...names].join('/')];
    return { cwd: '/', argv: [...enterFirst, ...argv], close: () => Promise.resolve() };
  }
}

/** What to tell a person when {@link enter} failed. */
export function whyNotEntered(relative: string, error: unknown): string {
  if (error instanceof UnsafePathError) return `The working directory cannot be used: ${error.message}.`;
  return `The working directory ${JSON.stringify(relative)} cannot be used: ${(error as Error).message}.`;
}
