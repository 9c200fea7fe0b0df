/** Files below a kernel's /home/work, straight on the scratch directory. No link is followed on any component. */
import { constants } from 'node:fs';
import { lstat, opendir, rename, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import {
  archiveTree,
  extractTar,
  inDirectory,
  isTemporary,
  makeDirectories,
  openBelow,
  openDirectory,
  pathNames,
  putFile,
  removeBelow,
  removeTemporaries,
  UnsafePathError,
  type FileOwner,
  type MeasuredArchive,
} from '@berth/base';
import {
  BerthError,
  IN_KERNEL,
  type ByteRange,
  type ExtractedFiles,
  type FileChange,
  type FileEntry,
  type OutputEntry,
  type WriteOptions,
} from '@berth/wire';
import type { KernelFacts } from '../model/facts.js';
import { bytesOf, sumChecked, withErrors } from './content.js';
import { entryOf } from './entry.js';
import { fileError } from './file-error.js';
import { outputsOf, type RunTime } from './outputs/manifest.js';
import { namesOf } from './place.js';
import { watchTree, type WatchOptions } from './watch.js';

/** Where a kernel's /home/work is on the host. */
export type WorkDirectoryOf = (facts: KernelFacts) => string;

/** Largest listing: a program can make names without end. */
const MOST_ENTRIES = 10_000;

export class ScratchFiles {
  readonly #workOf: WorkDirectoryOf;

  constructor(workOf: WorkDirectoryOf) {
    this.#workOf = workOf;
  }

  /**
   * Writes a file: under a temporary name, then renamed, so that nobody sees half of it and a crash leaves no partial file under the
   * final name. Missing directories are made. Errors: `unsafe-path`, `disk-full`, `bad-request` for another sum than `sha256`.
   */
  async write(
    facts: KernelFacts,
    path: string,
    content: AsyncIterable<Uint8Array>,
    { sha256, mode }: WriteOptions = {},
  ): Promise<FileEntry> {
    return this.#with(facts, path, async (root) => {
      const names = namesOf(facts, path);
      const name = names.pop();
      if (name === undefined) throw new UnsafePathError('the path names no file');
      const owner = ownerOf(facts);
      const directory = await makeDirectories(root, names, { owner });
      try {
        const checked = sha256 === undefined ? { content } : sumChecked(path, content, sha256);
        const stats = await putFile(root, directory, name, checked.content, { owner, mode, ...checked });
        return entryOf([...names, name].join('/'), stats);
      } finally {
        await directory.close();
      }
    });
  }

  /** Makes a directory, and those above it; one that is there is left as it is. Errors: `unsafe-path`. */
  async makeDirectory(facts: KernelFacts, path: string): Promise<void> {
    await this.#make(facts, path, () => namesOf(facts, path));
  }

  /** The same for what a mount is put on. */
  async makeMountPoint(facts: KernelFacts, path: string): Promise<void> {
    await this.#make(facts, path, () => pathNames(path));
  }

  /** What has that name, a link as a link. Errors: `no-such-file`, `unsafe-path`. */
  async stat(facts: KernelFacts, path: string): Promise<FileEntry> {
    return this.#with(facts, path, async (root) => {
      const names = namesOf(facts, path);
      const parent = await openDirectory(inDirectory(root, '.'), names.slice(0, -1));
      try {
        return entryOf(names.join('/') || '.', await lstat(inDirectory(parent, names.at(-1) ?? '.')));
      } finally {
        await parent.close();
      }
    });
  }

  /**
   * The bytes of a regular file, or of a range of it. Not past the size seen now: a file that grows for ever must not become an endless
   * answer. Errors: `no-such-file`, `unsafe-path`.
   */
  async read(
    facts: KernelFacts,
    path: string,
    range?: ByteRange,
  ): Promise<{ entry: FileEntry; content: AsyncIterable<Uint8Array> }> {
    return this.#with(facts, path, async (root) => {
      const names = namesOf(facts, path);
      const handle = await openBelow(inDirectory(root, '.'), names, constants.O_RDONLY);
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) throw new UnsafePathError(`${JSON.stringify(path)} is not a regular file`);
        const { start = 0, end = stats.size } = range ?? {};
        const content = bytesOf(handle, start, Math.min(end, stats.size));
        // Nothing to be taken: so nobody has to, to have it closed.
        if (start >= Math.min(end, stats.size)) await handle.close();
        return { entry: entryOf(names.join('/'), stats), content };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /** Entries of a directory, links as links; what is no UTF-8 in a name shows as U+FFFD. Errors: `no-such-file`, `unsafe-path`, `too-large`. */
  async list(facts: KernelFacts, path: string): Promise<readonly FileEntry[]> {
    return this.#with(facts, path, async (root) => {
      const names = namesOf(facts, path);
      const directory = await openDirectory(inDirectory(root, '.'), names);
      try {
        const entries: FileEntry[] = [];
        // Latin-1 keeps any bytes of a name; they are what the kernel wants back.
        for await (const { name } of await opendir(inDirectory(directory, '.'), { encoding: 'latin1' })) {
          if (entries.length === MOST_ENTRIES) {
            throw new BerthError('too-large', `${JSON.stringify(path)} has more than ${MOST_ENTRIES} entries`, {
              fields: { path },
            });
          }
          if (isTemporary(name)) continue;
          const bytes = Buffer.from(name, 'latin1');
          const stats = await lstat(Buffer.concat([Buffer.from(inDirectory(directory, '')), bytes])).catch(() => undefined);
          if (stats) entries.push(entryOf([...names, bytes.toString()].join('/'), stats));
        }
        return entries;
      } finally {
        await directory.close();
      }
    });
  }

  /**
   * Removes a file or a link, or a directory: an empty one, with `recursive` all that is in it. Errors: `no-such-file`, `unsafe-path` (also for
   * /home/work itself, and a directory that is not empty).
   */
  async remove(facts: KernelFacts, path: string, { recursive = false } = {}): Promise<void> {
    await this.#with(facts, path, async (root) => {
      const names = namesOf(facts, path, { whole: true });
      const name = names.at(-1);
      if (name === undefined) throw new UnsafePathError('/home/work itself stays');
      if (recursive) return removeBelow(root, names);
      const parent = await openDirectory(inDirectory(root, '.'), names.slice(0, -1));
      try {
        const at = inDirectory(parent, name);
        await ((await lstat(at)).isDirectory() ? rmdir(at) : unlink(at));
      } finally {
        await parent.close();
      }
    });
  }

  /** Renames; a file that has the new name is replaced, a directory is not, unless it is empty. Errors: `no-such-file`, `unsafe-path`. */
  async move(facts: KernelFacts, from: string, to: string): Promise<FileEntry> {
    return this.#with(facts, to, async (root) => {
      const [before, after] = [namesOf(facts, from, { whole: true }), namesOf(facts, to, { whole: true })];
      const [oldName, newName] = [before.at(-1), after.at(-1)];
      if (oldName === undefined || newName === undefined) throw new UnsafePathError('/home/work itself stays');
      const parent = await openDirectory(inDirectory(root, '.'), before.slice(0, -1)).catch((error: unknown) => {
        throw fileError(from, error);
      });
      try {
        const at = inDirectory(parent, oldName);
        await lstat(at).catch((error: unknown) => {
          throw fileError(from, error);
        });
        const target = await makeDirectories(root, after.slice(0, -1), { owner: ownerOf(facts) });
        try {
          await rename(at, inDirectory(target, newName));
          return entryOf(after.join('/'), await lstat(inDirectory(target, newName)));
        } finally {
          await target.close();
        }
      } finally {
        await parent.close();
      }
    });
  }

  /** A file or directory as a tar: see base's `archiveTree`. Errors: `no-such-file`, `unsafe-path`, `too-large`, while it is read too. */
  async archive(
    facts: KernelFacts,
    path: string,
    { mostBytes = Infinity }: { readonly mostBytes?: number } = {},
  ): Promise<MeasuredArchive> {
    return safely(path, async () => {
      namesOf(facts, path);
      const limits = { mostBytes, rootName: posix.basename(IN_KERNEL.work) };
      const { bytes, content } = await archiveTree(this.#workOf(facts), path, limits);
      return { bytes, content: withErrors(path, content) };
    });
  }

  /** Puts what a tar holds into a directory: see base's `extractTar`. Errors: `unsafe-path`, `too-large`, `disk-full`, `bad-request`. */
  async extract(facts: KernelFacts, path: string, chunks: AsyncIterable<Uint8Array>): Promise<ExtractedFiles> {
    return safely(path, async () =>
      extractTar(this.#workOf(facts), namesOf(facts, path), chunks, {
        owner: ownerOf(facts),
        check: (name) => void namesOf(facts, posix.join(path, name)),
      }),
    );
  }

  /** See {@link outputsOf}. */
  outputs(facts: KernelFacts, time: RunTime): Promise<readonly OutputEntry[]> {
    return outputsOf(this.#workOf(facts), time);
  }

  /** See {@link watchTree}. Errors: `no-such-file`, `unsafe-path`, `too-large`. */
  async *watch(facts: KernelFacts, path: string, options: WatchOptions): AsyncGenerator<FileChange> {
    try {
      yield* watchTree(this.#workOf(facts), namesOf(facts, path), options);
    } catch (error) {
      throw fileError(path, error);
    }
  }

  /** Removes what a killed agent has left of half an upload. Only before this one writes anything there. */
  async removeLeftovers(facts: KernelFacts): Promise<number> {
    return this.#with(facts, '.', (root) => removeTemporaries(root));
  }

  async #make(facts: KernelFacts, path: string, names: () => readonly string[]): Promise<void> {
    await this.#with(facts, path, async (root) => (await makeDirectories(root, names(), { owner: ownerOf(facts) })).close());
  }

  async #with<T>(facts: KernelFacts, path: string, fn: (root: FileHandle) => Promise<T>): Promise<T> {
    return safely(path, async () => {
      const root = await openDirectory(this.#workOf(facts), []);
      try {
        return await fn(root);
      } finally {
        await root.close();
      }
    });
  }
}

/** An ordinary user's agent makes files of its own user, who is the kernel's too. */
const ownerOf = ({ uid, gid }: KernelFacts): FileOwner | undefined => (process.getuid?.() === 0 ? { uid, gid } : undefined);

async function safely<T>(path: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    throw fileError(path, error);
  }
}
