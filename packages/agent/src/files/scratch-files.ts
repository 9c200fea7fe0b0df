/** Files below a kernel's /home/work, straight on the scratch directory. No link is followed on any component. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, opendir, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { Readable } from 'node:stream';
import { inDirectory, openBelow, openDirectory, pathNames, UnsafePathError } from '@berth/base';
import { BerthError, type FileEntry } from '@berth/wire';
import type { KernelFacts } from '../model/facts.js';
import { archiveTree } from './archive.js';
import { fileError } from './file-error.js';

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
   * Writes a file: under a temporary name in its directory, then renamed, so that nobody sees half of it and a crash leaves
   * no partial file under the final name. Missing directories are made. Errors: `unsafe-path`.
   */
  async write(facts: KernelFacts, path: string, content: AsyncIterable<Uint8Array>): Promise<FileEntry> {
    return safely(path, async () => {
      const names = pathNames(path);
      const name = names.pop();
      if (name === undefined) throw new UnsafePathError('the path names no file');
      const directory = await this.#makeDirectories(facts, names);
      const temporary = `.berth-upload-${randomBytes(6).toString('hex')}`;
      try {
        await writeWhole(directory, temporary, content, facts);
        await rename(inDirectory(directory, temporary), inDirectory(directory, name));
        return entryOf([...names, name].join('/'), await lstat(inDirectory(directory, name)));
      } catch (error) {
        await rm(inDirectory(directory, temporary), { force: true });
        throw error;
      } finally {
        await directory.close();
      }
    });
  }

  /** Makes a directory, and those above it; one that is there is left as it is. Errors: `unsafe-path`. */
  async makeDirectory(facts: KernelFacts, path: string): Promise<void> {
    await safely(path, async () => (await this.#makeDirectories(facts, pathNames(path))).close());
  }

  /** The bytes of a regular file. Errors: `no-such-file`, `unsafe-path`. */
  async read(facts: KernelFacts, path: string): Promise<{ entry: FileEntry; content: AsyncIterable<Uint8Array> }> {
    return safely(path, async () => {
      const names = pathNames(path);
      const handle = await openBelow(this.#workOf(facts), names, constants.O_RDONLY);
      const stats = await handle.stat();
      if (!stats.isFile()) {
        await handle.close();
        throw new UnsafePathError(`${JSON.stringify(path)} is not a regular file`);
      }
      const entry = entryOf(names.join('/'), stats);
      if (stats.size === 0) {
        await handle.close();
        return { entry, content: Readable.from([]) };
      }
      // Not past the size seen now: a file that grows for ever must not become an endless answer.
      return { entry, content: handle.createReadStream({ end: stats.size - 1, highWaterMark: 256 * 1024 }) };
    });
  }

  /** Entries of a directory, links as links. Errors: `no-such-file`, `unsafe-path`, `too-large`. */
  async list(facts: KernelFacts, path: string): Promise<readonly FileEntry[]> {
    return safely(path, async () => {
      const names = pathNames(path);
      const directory = await openDirectory(this.#workOf(facts), names);
      try {
        const entries: FileEntry[] = [];
        for await (const { name } of await opendir(inDirectory(directory, '.'))) {
          if (entries.length === MOST_ENTRIES) {
            throw new BerthError('too-large', `${JSON.stringify(path)} has more than ${MOST_ENTRIES} entries`, {
              fields: { path },
            });
          }
          const stats = await lstat(inDirectory(directory, name)).catch(() => undefined);
          if (stats) entries.push(entryOf([...names, name].join('/'), stats));
        }
        return entries;
      } finally {
        await directory.close();
      }
    });
  }

  /** See {@link archiveTree}; without a limit, whatever it takes. */
  archive(facts: KernelFacts, path: string, { mostBytes = Infinity }: { readonly mostBytes?: number } = {}) {
    return archiveTree(this.#workOf(facts), path, { mostBytes });
  }

  async #makeDirectories(facts: KernelFacts, names: readonly string[]): Promise<FileHandle> {
    let here = await openDirectory(this.#workOf(facts), []);
    for (const name of names) {
      try {
        await mkdir(inDirectory(here, name)).then(
          () => own(here, name, facts),
          (error: NodeJS.ErrnoException) => {
            if (error.code !== 'EEXIST') throw error;
          },
        );
        const next = await openDirectory(inDirectory(here, '.'), [name]);
        await here.close();
        here = next;
      } catch (error) {
        await here.close();
        throw error;
      }
    }
    return here;
  }
}

async function own(directory: FileHandle, name: string, facts: KernelFacts): Promise<void> {
  const made = await openDirectory(inDirectory(directory, '.'), [name]);
  try {
    if (process.getuid?.() === 0) await made.chown(facts.uid, facts.gid);
  } finally {
    await made.close();
  }
}

/** The mode is what the agent's umask makes of it: operators of 1.4 have set one for all files of kernels. */
async function writeWhole(
  directory: FileHandle,
  name: string,
  content: AsyncIterable<Uint8Array>,
  facts: KernelFacts,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const handle = await openBelow(inDirectory(directory, '.'), [name], O_WRONLY | O_CREAT | O_EXCL);
  try {
    if (process.getuid?.() === 0) await handle.chown(facts.uid, facts.gid);
    for await (const chunk of content) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}

function entryOf(path: string, stats: Stats): FileEntry {
  const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other';
  const { size, mode, mtimeMs, ctimeMs, atimeMs } = stats;
  return { path, type, size, mode, mtimeMs, ctimeMs, atimeMs };
}

async function safely<T>(path: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    throw fileError(path, error);
  }
}
