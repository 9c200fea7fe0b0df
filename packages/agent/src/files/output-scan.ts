/** What a kernel's programs left in /home/work/.output (seed spec 11). */
import { constants } from 'node:fs';
import { openDirectory, UnsafePathError, walkBelow, type WalkEntry } from '@berth/base';

export interface OutputFileFacts {
  readonly mtimeMs: number;
  /** Of the last change of content, name or rights; no program can set it. */
  readonly ctimeMs: number;
  readonly size: number;
}

export interface OutputLimits {
  /** A file with more bytes is passed over. */
  readonly fileBytes: number;
  /** So many entries are looked at, directories among them; the rest is passed over. A program can make names without end. */
  readonly entries: number;
}

export const OUTPUT_LIMITS: OutputLimits = { fileBytes: 104_857_600, entries: 10_000 };

/** Below /home/work. */
export const OUTPUT_DIRECTORY = '.output';

/** Directories deeper than that are passed over. */
const MOST_LEVELS = 100;

/**
 * The files of `.output` and below, by path relative to it. Passed over: names that start with a dot and what is below them, what is too large or
 * cannot be read, and what is no regular file; no link is followed. Empty where there is no such directory.
 */
export async function scanOutput(
  workDirectory: string,
  limits: OutputLimits = OUTPUT_LIMITS,
): Promise<ReadonlyMap<string, OutputFileFacts>> {
  const files = new Map<string, OutputFileFacts>();
  const directory = await openOutput(workDirectory);
  if (!directory) return files;
  let entries = 0;
  try {
    for await (const entry of walkBelow(directory, { depth: MOST_LEVELS, skip: (name) => name.startsWith('.') })) {
      if (++entries > limits.entries) break;
      const facts = await factsOf(entry, limits);
      if (facts) files.set(entry.names.join('/'), facts);
    }
    return files;
  } finally {
    await directory.close();
  }
}

async function openOutput(workDirectory: string) {
  try {
    return await openDirectory(workDirectory, [OUTPUT_DIRECTORY]);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UnsafePathError || code === 'ENOENT' || code === 'EACCES') return undefined;
    throw error;
  }
}

/** Of a file that can be read; it is opened, since that alone tells. */
async function factsOf(entry: WalkEntry, limits: OutputLimits): Promise<OutputFileFacts | undefined> {
  if (!entry.stats.isFile() || entry.stats.size > limits.fileBytes) return undefined;
  const handle = await entry.open(constants.O_RDONLY).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > limits.fileBytes) return undefined;
    return { mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, size: stats.size };
  } finally {
    await handle.close();
  }
}
