/** What callers are told of a file. */
import type { Stats } from 'node:fs';
import type { FileEntry } from '@berth/wire';

/** `path`: relative to /home/work. */
export function entryOf(path: string, stats: Stats): FileEntry {
  const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other';
  const { size, mode, mtimeMs, ctimeMs, atimeMs } = stats;
  return { path, type, size, mode, mtimeMs, ctimeMs, atimeMs };
}
