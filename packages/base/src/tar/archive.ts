/** A tree as one tar, named as Docker's archive names it. No link is followed on any component. */
import { constants, type Stats } from 'node:fs';
import { lstat, readlink, type FileHandle } from 'node:fs/promises';
import { inDirectory, openBelow, openDirectory, pathNames, UnsafePathError } from '../nofollow.js';
import { isTemporary } from '../temporary.js';
import { walkBelow } from '../walk.js';
import { TAR_END, tarHeader, tarPadding, type TarEntry } from './format.js';
import { TooMuchError } from './limits.js';

export interface ArchiveLimits {
  /** Most bytes of the archive, headers and padding included. */
  readonly mostBytes: number;
  /** What the names in the archive of the empty path begin with. */
  readonly rootName: string;
}

/** A tree, measured and not yet read. */
export interface MeasuredArchive {
  /** Of the archive as it would be now. */
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Deeper than anybody builds by hand; each level costs descriptors. */
const MOST_LEVELS = 100;
const CHUNK_BYTES = 256 * 1024;

/** Something to go into an archive. A file is opened by its own directory, and only before the next one is asked for. */
interface Found {
  readonly name: string;
  readonly stats: Stats;
  readonly target: string;
  readonly open: () => Promise<FileHandle>;
}

/**
 * Archives `path` below `root`. Names are relative to the parent of `path`, as from Docker: `dir/`, `dir/a`; of `.` and of `dir/.` they
 * start with `./`. Links are archived as links; sockets, FIFOs and devices are left out. The tree is measured first: nothing is
 * given of one that is too large. A file that shrinks meanwhile is filled with zeros. Errors: {@link UnsafePathError}, ENOENT,
 * {@link TooMuchError} (also while it is read, when the tree grows beyond the limit meanwhile).
 */
export async function archiveTree(root: string, path: string, limits: ArchiveLimits): Promise<MeasuredArchive> {
  let bytes = TAR_END.length;
  for await (const found of findings(root, path, limits)) {
    const entry = entryOf(found, found.stats);
    bytes += tarHeader(entry).length + entry.size + tarPadding(entry.size);
    if (bytes > limits.mostBytes) throw tooLarge(path, limits);
  }
  return { bytes, content: archive(root, path, limits) };
}

async function* archive(root: string, path: string, limits: ArchiveLimits): AsyncGenerator<Uint8Array> {
  let left = limits.mostBytes - TAR_END.length;
  for await (const found of findings(root, path, limits)) {
    if (found.stats.isFile()) left = yield* archiveFile(found, left, () => tooLarge(path, limits));
    else {
      const header = tarHeader(entryOf(found, found.stats));
      left -= header.length;
      if (left < 0) throw tooLarge(path, limits);
      yield header;
    }
  }
  yield TAR_END;
}

/** Gives header, content and padding of one file, and returns what is left of the limit. Nothing, when it is no file any more. */
async function* archiveFile(found: Found, left: number, tooMuch: () => Error): AsyncGenerator<Uint8Array, number> {
  const handle = await found.open().catch(() => undefined);
  if (!handle) return left;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return left;
    const entry = entryOf(found, stats);
    const header = tarHeader(entry);
    const padding = tarPadding(entry.size);
    const rest = left - header.length - entry.size - padding;
    if (rest < 0) throw tooMuch();
    yield header;
    yield* contentOf(handle, entry.size);
    if (padding > 0) yield Buffer.alloc(padding);
    return rest;
  } finally {
    await handle.close();
  }
}

/** Exactly `size` bytes: the header has told how many. */
async function* contentOf(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    // Cut off meanwhile: zeros stand for the rest.
    const length = bytesRead === 0 ? chunk.length : bytesRead;
    yield chunk.subarray(0, length);
    at += length;
  }
}

/** What is archived of `path`, in order. */
async function* findings(root: string, path: string, { rootName }: ArchiveLimits): AsyncGenerator<Found> {
  const names = pathNames(path);
  const wantsDirectory = /(^|\/)\.?$/.test(path);
  const ownName = /(^|\/)\.$/.test(path) ? '.' : (names.at(-1) ?? rootName);
  const last = names.at(-1);
  if (last !== undefined) {
    const parent = await openDirectory(root, names.slice(0, -1));
    try {
      const at = inDirectory(parent, last);
      const stats = await lstat(at);
      if (!stats.isDirectory()) {
        if (wantsDirectory) throw new UnsafePathError(`${JSON.stringify(last)} is a link or not a directory`);
        if (!isArchived(stats)) throw new UnsafePathError(`${JSON.stringify(last)} is neither a file nor a directory`);
        const open = () => openBelow(inDirectory(parent, '.'), [last], constants.O_RDONLY);
        yield { name: ownName, stats, target: stats.isSymbolicLink() ? await readlink(at) : '', open };
        return;
      }
    } finally {
      await parent.close();
    }
  }
  const top = await openDirectory(root, names);
  try {
    yield { name: `${ownName}/`, stats: await top.stat(), target: '', open: () => Promise.reject(new Error('a directory')) };
    yield* findingsBelow(top, ownName);
  } finally {
    await top.close();
  }
}

async function* findingsBelow(top: FileHandle, ownName: string): AsyncGenerator<Found> {
  for await (const entry of walkBelow(top, { depth: MOST_LEVELS, skip: isTemporary })) {
    const { names, stats } = entry;
    if (!isArchived(stats)) continue;
    if (stats.isDirectory() && names.length === MOST_LEVELS) {
      throw new TooMuchError(`the tree is deeper than ${MOST_LEVELS} levels`);
    }
    const target = stats.isSymbolicLink() ? await readlink(entry.path).catch(() => undefined) : '';
    if (target === undefined) continue;
    const name = [ownName, ...names].join('/') + (stats.isDirectory() ? '/' : '');
    yield { name, stats, target, open: () => entry.open(constants.O_RDONLY) };
  }
}

const isArchived = (stats: Stats) => stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();

function entryOf({ name, target }: Found, stats: Stats): TarEntry {
  const { mode, uid, gid, mtimeMs } = stats;
  const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'link';
  return { name, target, type, size: type === 'file' ? stats.size : 0, mode: mode & 0o7777, uid, gid, mtimeMs };
}

const tooLarge = (path: string, { mostBytes }: ArchiveLimits): TooMuchError =>
  new TooMuchError(`${JSON.stringify(path)} is more than ${mostBytes} bytes as an archive`);
