/** Puts what a tar holds below a directory that somebody hostile may change at any moment. No link is followed, none leads anything out. */
import { lchown, link, rename, rm, symlink, type FileHandle } from 'node:fs/promises';
import { inDirectory, openDirectory, pathNames, UnsafePathError } from '../nofollow.js';
import { makeDirectories, putFile, type FileOwner } from '../put-file.js';
import { temporaryIn } from '../temporary.js';
import { TooMuchError } from './limits.js';
import { readTar, type TarMember } from './reader.js';

export interface ExtractLimits {
  readonly entries: number;
  readonly levels: number;
}

export const EXTRACT_LIMITS: ExtractLimits = { entries: 1_000_000, levels: 100 };

export interface ExtractOptions {
  readonly owner?: FileOwner | undefined;
  readonly limits?: Partial<ExtractLimits>;
  /** Throws for a name, relative to `into`, that is not to be taken. */
  readonly check?: (name: string) => void;
}

export interface Extracted {
  /** Members that were taken. */
  readonly entries: number;
  /** Of files. */
  readonly bytes: number;
}

/**
 * Extracts into `into` below `root`, which is made where it is missing. Each file is there whole or not at all, and replaces what has its name;
 * a directory is never replaced. Links are made as they are, and not gone through. What is made gets its permission bits as the umask says, without those for set ids.
 * What came before an error stays. Errors: {@link UnsafePathError}, {@link TooMuchError}, {@link TarError}, those of the disk and of `chunks`.
 */
export async function extractTar(
  root: string,
  into: readonly string[],
  chunks: AsyncIterable<Uint8Array>,
  { owner, limits, check }: ExtractOptions = {},
): Promise<Extracted> {
  const { entries: most, levels } = { ...EXTRACT_LIMITS, ...limits };
  const extraction = new Extraction(await openDirectory(root, []), into, owner);
  let entries = 0;
  let bytes = 0;
  try {
    await extraction.begin();
    for await (const member of readTar(chunks)) {
      const names = pathNames(member.name);
      if (++entries > most) throw new TooMuchError(`the archive has more than ${most} members`);
      if (names.length > levels) throw new TooMuchError(`the archive is deeper than ${levels} levels`);
      check?.(member.name);
      await extraction.take(member, names);
      bytes += member.size;
    }
    return { entries, bytes };
  } finally {
    await extraction.close();
  }
}

class Extraction {
  readonly #root: FileHandle;
  readonly #into: readonly string[];
  readonly #owner: FileOwner | undefined;
  /** The directory of the last member: most often that of the next one too. */
  #here: { readonly key: string; readonly handle: FileHandle } | undefined;

  constructor(root: FileHandle, into: readonly string[], owner: FileOwner | undefined) {
    this.#root = root;
    this.#into = into;
    this.#owner = owner;
  }

  async begin(): Promise<void> {
    await this.#enter([]);
  }

  async take(member: TarMember, names: readonly string[]): Promise<void> {
    const name = names.at(-1);
    if (member.type === 'directory' || name === undefined) {
      if (member.type !== 'directory') throw new UnsafePathError(`${JSON.stringify(member.name)} names no file`);
      await this.#enter(names, member.mode);
      return;
    }
    const directory = await this.#enter(names.slice(0, -1));
    if (member.type === 'file') {
      const { mode, mtimeMs, content } = member;
      await putFile(this.#root, directory, name, content, { owner: this.#owner, mode, mtimeMs });
    } else await this.#link(directory, name, member);
  }

  async close(): Promise<void> {
    await this.#here?.handle.close();
    await this.#root.close();
  }

  async #enter(names: readonly string[], mode?: number): Promise<FileHandle> {
    const key = names.join('/');
    if (this.#here?.key === key) return this.#here.handle;
    const handle = await makeDirectories(this.#root, [...this.#into, ...names], { owner: this.#owner, mode });
    await this.#here?.handle.close();
    this.#here = { key, handle };
    return handle;
  }

  /** Under a temporary name first: a link cannot be made over a file that is there. */
  async #link(directory: FileHandle, name: string, { type, target }: TarMember): Promise<void> {
    const temporary = temporaryIn(this.#root);
    try {
      if (type === 'link') {
        if (target === '' || target.includes('\0')) throw new UnsafePathError(`the link ${JSON.stringify(name)} leads nowhere`);
        await symlink(target, temporary);
        if (this.#owner) await lchown(temporary, this.#owner.uid, this.#owner.gid);
      } else await this.#linkTo(target, temporary);
      await rename(temporary, inDirectory(directory, name));
    } finally {
      // Also after a rename of two names of one file, which leaves both.
      await rm(temporary, { force: true });
    }
  }
  /** A second name for a file of the archive, or for one that was there: whatever has that name, a link itself too. */
  async #linkTo(target: string, path: string): Promise<void> {
    const names = pathNames(target);
    const last = names.at(-1);
    if (last === undefined) throw new UnsafePathError('a link leads to no file');
    const from = await openDirectory(inDirectory(this.#root, '.'), [...this.#into, ...names.slice(0, -1)]);
    try {
      await link(inDirectory(from, last), path);
    } finally {
      await from.close();
    }
  }
}
