/** Makes sure that the carry for this machine's Node exists. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@berth/base';
import { BerthError, isBerthError, toBerthError } from '@berth/wire';
import { BUILDING, removeCarry, SOURCES } from './cache.js';
import { copyPart, writeText } from './copy.js';
import { manifestOf, readSoundManifest, type Manifest } from './manifest.js';
import { findPtyAddon } from './pty-addon.js';
import { findParts, type CarryParts, type CarrySources } from './parts.js';

const run = promisify(execFile);

/** A carry that is ready to be mounted at `IN_KERNEL.carry`, read-only. */
export interface Carry {
  /** Content address; the same content always has the same id and path. */
  readonly id: string;
  /** Host directory; never changes once it exists. */
  readonly path: string;
  readonly loader: string | null;
  readonly nodeVersion: string;
  /** False when no static tini was found: runs have no subreaper of their own. */
  readonly tini: boolean;
  /** False when no add-on fits this Node: runs cannot have a terminal. */
  readonly terminals: boolean;
}

const HOSTS = 'etc/hosts';

/** Host path of a file to be mounted at /etc/hosts of kernels without network: nobody else tells them what localhost is. */
export const hostsFile = ({ path }: Pick<Carry, 'path'>): string => join(path, HOSTS);

/** What is not given is what this process runs on: its own Node, and the runner that was built with it. */
export type CarryOptions = { readonly cacheDir: string } & Partial<CarrySources>;

/**
 * Builds the carry, or finds it: unchanged sources are known by size, time and inode, so that nothing is hashed again. Several
 * processes may do this at once. Errors: those of `findParts`, and `state-unwritable` when `cacheDir` cannot be written.
 */
export async function ensureCarry({ cacheDir, ...given }: CarryOptions): Promise<Carry> {
  const sources = complete(given);
  const found = await findParts(sources);
  const fingerprint = fingerprintOf(found);
  try {
    return (await lookUp(cacheDir, fingerprint)) ?? (await build(cacheDir, fingerprint, found, sources));
  } catch (error) {
    if (isBerthError(error) || !('errno' in (error as object))) throw toBerthError(error);
    throw new BerthError('state-unwritable', `the carry cannot be written to ${cacheDir}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function complete({
  nodePath = process.execPath,
  runnerBundle = ownRunner(),
  replDirectory = join(dirname(dirname(runnerBundle)), 'repl'),
  ptyAddon = findPtyAddon(),
  ...rest
}: Partial<CarrySources>): CarrySources {
  return { nodePath, runnerBundle, replDirectory, ptyAddon, ...rest };
}

function ownRunner(): string {
  try {
    return createRequire(import.meta.url).resolve('@berth/runner/bundle/runner.mjs');
  } catch (error) {
    throw new BerthError('create-failed', 'the runner has not been built', { fix: 'Run `npm run build`.', cause: error });
  }
}

const fingerprintOf = ({ parts }: CarryParts): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

async function lookUp(cacheDir: string, fingerprint: string): Promise<Carry | undefined> {
  const id = await readFile(join(cacheDir, SOURCES, fingerprint), 'utf8').catch(() => undefined);
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  const path = join(cacheDir, id);
  const manifest = await readSoundManifest(path);
  if (!manifest) return undefined;
  // Tells the collection that it is wanted.
  const now = systemClock.now() / 1000;
  await utimes(path, now, now);
  return carryOf(path, manifest);
}

async function build(
  cacheDir: string,
  fingerprint: string,
  { parts, loader }: CarryParts,
  sources: CarrySources,
): Promise<Carry> {
  await mkdir(join(cacheDir, SOURCES), { recursive: true });
  const building = await mkdtemp(join(cacheDir, BUILDING));
  try {
    const files = (await Promise.all(parts.map((part) => copyPart(part, building)))).flat();
    files.push(await writeText(building, HOSTS, '127.0.0.1 localhost\n::1 localhost\n'));
    const manifest = manifestOf({ nodeVersion: await versionOf(sources), loader, files });
    await writeFile(join(building, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o444, flush: true });
    await openDirectories(building);
    const path = await publish(building, join(cacheDir, manifest.id));
    await writeFile(join(building + '.id'), manifest.id);
    await rename(building + '.id', join(cacheDir, SOURCES, fingerprint));
    return carryOf(path, manifest);
  } finally {
    await removeCarry(building);
  }
}

/** Readable for all, whatever the umask; writable for the owner, who must be able to remove it. Kernels see it read-only. */
async function openDirectories(root: string): Promise<void> {
  const entries = await readdir(root, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await chmod(join(root, entry.name), 0o755);
  await chmod(root, 0o755);
}

/** Gives the finished directory its name. When another process was first its work stands; a damaged carry makes way. */
async function publish(building: string, path: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(building, path);
      return path;
    } catch (error) {
      const taken = ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
      if (!taken || attempt > 2) throw error;
      if (await readSoundManifest(path)) return path;
      const aside = `${building}.damaged`;
      await rename(path, aside);
      await removeCarry(aside);
    }
  }
}

async function versionOf({ nodePath, libraryPath }: CarrySources): Promise<string> {
  const env = libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath };
  const { stdout } = await run(nodePath, ['--version'], { env, timeout: 10_000 });
  return stdout.trim();
}

const carryOf = (path: string, { id, loader, nodeVersion, tini, files }: Manifest): Carry => ({
  id,
  path,
  loader,
  nodeVersion,
  tini,
  terminals: files.some((file) => file.path === 'lib/pty.node'),
});
