/** Walks a tree that somebody hostile may change at any moment: no link is followed, nothing is held of what was passed. */
import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises';

/** One thing below the start of a walk. */
export interface WalkEntry {
  /** Names from the start. What is no UTF-8 in a name shows as U+FFFD. */
  readonly names: readonly string[];
  readonly stats: Stats;
  /** Opens it through its directory, as it is now: O_NOFOLLOW and O_NONBLOCK are added. Only until the next step of the walk. */
  open(flags: number): Promise<FileHandle>;
  /** Path for a call that follows no last link, such as `readlink`. Only until the next step of the walk. */
  readonly path: Buffer;
}

export interface WalkLimits {
  /** A directory with that many names is given, but not entered: two descriptors are open per level. */
  readonly depth: number;
  /** Names that are neither given nor entered. */
  readonly skip?: (name: string) => boolean;
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Everything below the open directory `start`, a directory before what is in it. What vanishes meanwhile or cannot be entered is passed
 * over. Ends early, and closes what it opened, when its reader stops; `start` stays open.
 */
export async function* walkBelow(
  start: FileHandle,
  limits: WalkLimits,
  above: readonly string[] = [],
): AsyncGenerator<WalkEntry> {
  // Latin-1 keeps any bytes of a name; they are what the kernel wants back.
  const listing = await opendir(`/proc/self/fd/${start.fd}/.`, { encoding: 'latin1' });
  for await (const { name } of listing) {
    const bytes = Buffer.from(name, 'latin1');
    const text = bytes.toString();
    if (limits.skip?.(text)) continue;
    const path = Buffer.concat([Buffer.from(`/proc/self/fd/${start.fd}/`), bytes]);
    const stats = await lstat(path).catch(() => undefined);
    if (!stats) continue;
    const names = [...above, text];
    yield { names, stats, path, open: (flags) => open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK) };
    if (!stats.isDirectory() || names.length >= limits.depth) continue;
    const directory = await open(path, DIRECTORY).catch(() => undefined);
    if (!directory) continue;
    try {
      yield* walkBelow(directory, limits, names);
    } finally {
      await directory.close();
    }
  }
}
