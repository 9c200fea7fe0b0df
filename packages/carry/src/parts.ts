/** What a carry is made of: which file of this machine goes where. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BerthError } from '@berth/wire';
import { readInterpreter } from './elf.js';
import { librariesOf, type Library } from './libraries.js';
import { LOADER_RELOCATIONS, type Relocation } from './relocate.js';
import { findTini } from './tini.js';

/** The Node that a carry is made from. Paths are absolute. */
export interface NodeSource {
  /** A Node of 20.19 or later, of whatever origin. */
  readonly nodePath: string;
  /** Directories, separated by `:`, that hold libraries of this Node which its loader does not find by itself. */
  readonly libraryPath?: string;
}

/** Where the parts come from. Paths are absolute. */
export interface CarrySources extends NodeSource {
  /** The runner as one file. */
  readonly runnerBundle: string;
  /** Directory with one file per language. */
  readonly replDirectory: string;
  /** The native part that makes terminals; null: none. What does not fit the Node of the carry is left out. */
  readonly ptyAddon: string | null;
}

/** One file of a carry. */
export interface Part {
  /** Path in the carry. */
  readonly target: string;
  /** The file behind all links. */
  readonly source: string;
  readonly executable: boolean;
  /** Paths to move into the carry while copying. */
  readonly relocations: readonly Relocation[];
  /** True when scripts that the program names by absolute path must come along. */
  readonly mayEmbedScripts: boolean;
  /** Size, time and inode: tells whether the source is still the same file. */
  readonly stamp: string;
}

export interface CarryParts {
  readonly parts: readonly Part[];
  /** File name in `lib/`; null for a static Node. */
  readonly loader: string | null;
}

/** Finds all parts. Errors: `file-unreadable` for a source that is missing, `create-failed` when Node is no program or a library is missing. */
export async function findParts(sources: CarrySources): Promise<CarryParts> {
  const node = await realpathOf(sources.nodePath);
  const interpreter = await readInterpreter(node);
  if (interpreter === undefined)
    throw new BerthError('create-failed', `${node} is not an ELF program; give the path of a real Node binary`);

  const loader = interpreter === null ? null : basename(interpreter);
  const libraries = interpreter === null ? [] : await librariesOf(node, interpreter, sources.libraryPath);
  const pty = interpreter === null ? null : await librariesOfAddon(sources, interpreter);
  const tini = await findTini();
  const scripts = (await readdir(sources.replDirectory).catch(unreadable(sources.replDirectory))).sort();

  // The scripts are named where the bulk of Node is: in its library, if it has one.
  const library = libraries.find(({ name }) => name.startsWith('libnode.'));

  const wanted: Promise<Part>[] = [part('bin/node', node, { executable: true, mayEmbedScripts: !library })];
  if (tini !== null) wanted.push(part('bin/tini', tini, { executable: true }));
  if (interpreter !== null && loader !== null) {
    wanted.push(part(`lib/${loader}`, interpreter, { executable: true, relocations: LOADER_RELOCATIONS }));
  }
  for (const { name, path } of libraries) {
    if (name !== loader) wanted.push(part(`lib/${name}`, path, { mayEmbedScripts: name === library?.name }));
  }
  if (pty !== null) {
    wanted.push(part('lib/pty.node', pty.addon));
    // Node's own come first: they are in the process already when the add-on is loaded.
    const known = new Set([loader, ...libraries.map(({ name }) => name)]);
    for (const { name, path } of pty.libraries) if (!known.has(name)) wanted.push(part(`lib/${name}`, path));
  }
  wanted.push(part('runner.mjs', sources.runnerBundle));
  for (const name of scripts) wanted.push(part(`repl/${name}`, join(sources.replDirectory, name)));
  return { parts: await Promise.all(wanted), loader };
}

/** Null when there is no add-on, or it is of another C library than this Node: kernels have no terminals then. */
async function librariesOfAddon(
  { ptyAddon: addon, libraryPath }: CarrySources,
  interpreter: string,
): Promise<{ readonly addon: string; readonly libraries: readonly Library[] } | null> {
  if (addon === null) return null;
  try {
    return { addon, libraries: await librariesOf(await realpathOf(addon), interpreter, libraryPath) };
  } catch {
    return null;
  }
}

async function part(
  target: string,
  path: string,
  { executable = false, relocations = [] as readonly Relocation[], mayEmbedScripts = false } = {},
): Promise<Part> {
  const source = await realpathOf(path);
  const { dev, ino, size, mtimeNs } = await stat(source, { bigint: true });
  return { target, source, executable, relocations, mayEmbedScripts, stamp: [dev, ino, size, mtimeNs].join(':') };
}

const realpathOf = (path: string): Promise<string> => realpath(path).catch(unreadable(path));

function unreadable(path: string) {
  return (error: unknown): never => {
    throw new BerthError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  };
}
