/** What can be done with the files of a kernel. All paths are relative to /home/work; no link is followed on any component. */
import type { KernelId } from './ids.js';
import type { FileEntry } from './views.js';

/** Bytes from `start` up to `end`, which is not part of it; both 0 or more. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface WriteOptions {
  /** Hexadecimal; other content is not written. */
  readonly sha256?: string | undefined;
  /** Permission bits, of which the agent's umask is taken off; default 0666. */
  readonly mode?: number | undefined;
}

/** What an archive has brought. */
export interface ExtractedFiles {
  /** Members of the archive. */
  readonly entries: number;
  /** Of its files. */
  readonly bytes: number;
}

/** A tar that is to be read. */
export interface ArchiveStream {
  /** Of the archive, as it was when it was measured; what is read may differ when files change meanwhile. */
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * What happened below a watched directory. `changed`: it is new, or has new content or permissions, and is like `entry` now; `removed`: the
 * name is gone. Changes that follow each other quickly are told as one. `overflow`: too much happened to be told; look again. `ready` comes
 * first: from then on nothing is missed.
 */
export type FileChange =
  | { readonly type: 'ready' | 'overflow' }
  | { readonly type: 'changed'; readonly path: string; readonly entry: FileEntry }
  | { readonly type: 'removed'; readonly path: string };

/** Errors of all: no-such-session, session-ended, unsafe-path, file-unreadable; of those that write: disk-full. */
export interface FileService {
  /** Writes a file below /home/work: temporary name, then rename; missing directories are made. Errors: bad-request for another sum. */
  writeFile(id: KernelId, path: string, content: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<FileEntry>;
  /** The content must be read to its end or given up (`return`). Errors: no-such-file. */
  readFile(
    id: KernelId,
    path: string,
    range?: ByteRange,
  ): Promise<{ readonly entry: FileEntry; readonly content: AsyncIterable<Uint8Array> }>;
  /** Errors: no-such-file. */
  statFile(id: KernelId, path: string): Promise<FileEntry>;
  /** Entries of a directory, unsorted, links not followed. Errors: no-such-file, too-large. */
  listFiles(id: KernelId, path: string): Promise<readonly FileEntry[]>;
  /** A directory that is there is left as it is. */
  makeDirectory(id: KernelId, path: string): Promise<FileEntry>;
  /** With `recursive` a directory with all that is in it. Errors: no-such-file. */
  removeFile(id: KernelId, path: string, options?: { readonly recursive?: boolean }): Promise<void>;
  /** Renames, over a file that has the new name. Errors: no-such-file. */
  moveFile(id: KernelId, from: string, to: string): Promise<FileEntry>;
  /**
   * A file or directory as a tar archive, names relative to the parent of `path`; links as links. Ends with
   * `too-large` when the files hold more than `mostBytes`. Errors: no-such-file.
   */
  archive(id: KernelId, path: string, options?: { readonly mostBytes?: number }): Promise<ArchiveStream>;
  /** Puts what a tar archive holds into the directory `path`, which is made. What came before an error stays. Errors: bad-request, too-large. */
  extractArchive(id: KernelId, path: string, content: AsyncIterable<Uint8Array>): Promise<ExtractedFiles>;
  /** Changes in a directory and all below it, until the signal. Errors: no-such-file, too-large for more directories than can be watched. */
  watchFiles(id: KernelId, path: string, signal: AbortSignal): AsyncIterable<FileChange>;
}
