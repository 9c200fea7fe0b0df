/** Node as Debian packages it: a small program, a library libnode with many others, and scripts named by absolute path. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CarryOptions, NodeSource } from '@berth/carry';
import { kept, output } from './kept.js';

/** What apt prefers may be of another origin, which has no libnode; the loader is the machine's, and so must be libc6. */
const LIBRARY = /^libnode\d+\w*$/;
const OF_THE_MACHINE = ['libc6'];

const ENSURE_CARRY = fileURLToPath(new URL('ensure-carry.mjs', import.meta.url));

export interface DistributionNode extends Required<NodeSource> {
  /** What would be /usr/share, had the packages been installed. */
  readonly share: string;
  /** For example `v18.20.4`. */
  readonly version: string;
}

/** Fetches the packages with apt-get and unpacks them; the machine stays as it is, but for apt's lists. Needs root. */
export async function nodeFromDistribution(): Promise<DistributionNode> {
  const root = await kept(`node-distribution-${process.arch}`, async (making) => {
    await fetchPackages(making).catch(async () => {
      // The lists are missing, or older than the archive.
      await output('apt-get', ['-qq', 'update']);
      await fetchPackages(making);
    });
    for (const file of await readdir(making)) {
      if (!file.endsWith('.deb')) continue;
      await output('dpkg', ['-x', join(making, file), making]);
      await rm(join(making, file));
    }
  });
  const triplet = (await readdir(join(root, 'usr/lib'))).find((name) => name.endsWith('-linux-gnu'));
  if (!triplet) throw new Error('the packages hold no libraries');
  const libraryPath = ['usr/lib', 'lib'].map((directory) => join(root, directory, triplet)).join(':');
  const nodePath = join(root, 'usr/bin/node');
  const version = (await output('env', [`LD_LIBRARY_PATH=${libraryPath}`, nodePath, '--version'])).trim();
  return { nodePath, libraryPath, share: join(root, 'usr/share'), version };
}

async function fetchPackages(directory: string): Promise<void> {
  const versions = (await output('apt-cache', ['madison', 'nodejs'])).split('\n').map((line) => line.split('|')[1]?.trim());
  for (const version of new Set(versions)) {
    if (!version) continue;
    const library = (await dependencies(`nodejs=${version}`)).find((name) => LIBRARY.test(name));
    if (library === undefined) continue;
    const others = (await dependencies(`${library}=${version}`)).filter((name) => !OF_THE_MACHINE.includes(name));
    const packages = [`nodejs=${version}`, `${library}=${version}`, ...others];
    // As root: apt's own user may not write here.
    await output('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...packages], directory);
    return;
  }
  throw new Error('apt knows no nodejs package with a libnode');
}

async function dependencies(versioned: string): Promise<string[]> {
  const depends = /^Depends: (.*)$/m.exec(await output('apt-cache', ['show', versioned]))?.[1] ?? '';
  return depends.split(', ').map((dependency) => dependency.split(/[ :]/)[0]!);
}

/**
 * Makes the carry as on a machine where the packages are installed: in a process that sees their files below /usr/share. Who
 * asks for it afterwards, with the same sources, finds it.
 */
export async function ensureInstalledCarry(node: DistributionNode, cacheDir: string): Promise<void> {
  const { nodePath, libraryPath } = node;
  const options: CarryOptions = { cacheDir, nodePath, libraryPath };
  const inPlace = ['--mount', 'sh', '-c', 'mount --bind "$0" /usr/share && exec "$@"', node.share];
  await output('unshare', [...inPlace, process.execPath, ENSURE_CARRY, JSON.stringify(options)]);
}
