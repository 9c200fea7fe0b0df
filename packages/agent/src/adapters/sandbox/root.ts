/** What a sandbox sees as its root file system, step by step, as bubblewrap lays it out. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';
import { readHostLayout, type HostEntry } from '../../host-image/layout.js';

export type RootStep =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** Shown read-only. */
  | { readonly kind: 'bind'; readonly path: string; readonly source: string };

/** Something that will be mounted: a place for it must be there. */
export interface MountPoint {
  readonly target: string;
  readonly directory: boolean;
}

/** This machine's own programs. Files that are made up are kept in `shared`, under the hash of their content. */
export async function hostRoot(shared: string): Promise<readonly RootStep[]> {
  const { entries, mounts } = await readHostLayout(process.getuid?.() ?? 0, { initInSbin: false });
  const steps = await Promise.all(entries.map((entry) => stepOf(entry, shared)));
  return [...steps, ...mounts.map(({ source, target }): RootStep => ({ kind: 'bind', path: target, source }))];
}

async function stepOf(entry: HostEntry, shared: string): Promise<RootStep> {
  const path = `/${entry.path}`;
  if (entry.kind === 'directory') return { kind: 'directory', path, mode: entry.mode };
  if (entry.kind === 'link') return { kind: 'link', path, target: entry.target };
  const source = join(shared, createHash('sha256').update(entry.content).digest('hex'));
  if (!(await lstat(source).catch(() => undefined))) {
    await mkdir(shared, { recursive: true, mode: 0o755 });
    await replaceFile(source, entry.content.toString(), 0o644);
  }
  return { kind: 'bind', path, source };
}

/** Made anew in every sandbox. */
const NEVER_SHOWN = ['/proc', '/sys', '/dev'];
/** Directories that are taken apart must not be endless. */
const MOST_STEPS = 20_000;

/**
 * An unpacked root file system. Its directories are shown whole, except where a mount point is missing: there they are taken apart,
 * since nothing is ever written into the tree. A link on the way to a mount point is left out, so that none is followed.
 */
export async function directoryRoot(root: string, mountPoints: readonly MountPoint[]): Promise<readonly RootStep[]> {
  const steps: RootStep[] = [];
  const lay = async (path: string): Promise<void> => {
    for (const name of (await readdir(root + path)).sort()) {
      if (steps.length > MOST_STEPS)
        throw new BerthError('create-failed', `the root file system ${root} has too many files at ${path}`);
      const at = `${path}/${name}`;
      if (NEVER_SHOWN.includes(at)) continue;
      const stat = await lstat(root + at);
      const wanted = mountPoints.filter(({ target }) => target === at || target.startsWith(`${at}/`));
      if (stat.isSymbolicLink()) {
        if (wanted.length === 0) steps.push({ kind: 'link', path: at, target: await readlink(root + at) });
      } else if (stat.isDirectory()) {
        const there = await Promise.all(wanted.map((one) => isThere(root, one)));
        if (there.every(Boolean)) steps.push({ kind: 'bind', path: at, source: root + at });
        else {
          steps.push({ kind: 'directory', path: at, mode: stat.mode & 0o7777 });
          await lay(at);
        }
      } else if (stat.isFile()) steps.push({ kind: 'bind', path: at, source: root + at });
    }
  };
  await lay('');
  return [...steps, ...(await missingParents(root, mountPoints))];
}

/** Left to itself, bubblewrap makes them for their owner alone. */
async function missingParents(root: string, mountPoints: readonly MountPoint[]): Promise<RootStep[]> {
  const parents = new Set(mountPoints.flatMap(({ target }) => ancestorsOf(target)));
  const missing: RootStep[] = [];
  for (const path of [...parents].sort()) {
    const there = await isThere(root, { target: path, directory: true });
    if (!there) missing.push({ kind: 'directory', path, mode: 0o755 });
  }
  return missing;
}

function ancestorsOf(path: string): string[] {
  const names = path.split('/').filter(Boolean).slice(0, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

async function isThere(root: string, { target, directory }: MountPoint): Promise<boolean> {
  const names = target.split('/').filter(Boolean);
  for (let count = 1; count <= names.length; count++) {
    const stat = await lstat(`${root}/${names.slice(0, count).join('/')}`).catch(() => undefined);
    const right = count < names.length || directory ? stat?.isDirectory() : stat?.isFile();
    if (!right) return false;
  }
  return true;
}

/**
 * The lasting name of an unpacked root file system: its real path. Errors: `image-not-found` when it is none, or holds one of `secrets`,
 * directories that no sandbox may see.
 */
export async function directoryImage(reference: string, secrets: readonly string[]): Promise<string> {
  const refuse = (why: string) =>
    new BerthError('image-not-found', `${reference} ${why}`, {
      fix: 'Name the directory of an unpacked root file system, one that has /usr or /bin, or the built-in image `host`.',
    });
  const real = await realpath(reference).catch((error: NodeJS.ErrnoException) => {
    throw refuse(`cannot be used as a root file system (${error.code})`);
  });
  if (real === '/') throw refuse('is the root file system of this machine');
  if (secrets.some((secret) => secret === real || secret.startsWith(`${real}/`))) throw refuse('holds data of this node');
  const has = async (name: string) => (await lstat(join(real, name)).catch(() => undefined)) !== undefined;
  if (!(await has('usr')) && !(await has('bin'))) throw refuse('has neither /usr nor /bin');
  return real;
}
