/** The Node of the npm package `node-linux-*`. It is the upstream binary, which nvm installs too. */
import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeSource } from '@berth/carry';
import { kept, output } from './kept.js';

/** The newest Node of a major version at the time when it was fetched. Rejects when npm cannot fetch it. */
export async function nodeFromNpm(major: number): Promise<NodeSource> {
  const name = `node-linux-${process.arch}`;
  const directory = await kept(`${name}-${major}`, async (making) => {
    const flags = ['--silent', '--cache', join(making, 'npm'), '--pack-destination', making];
    const archive = (await output('npm', ['pack', `${name}@${major}`, ...flags], making)).trim();
    await output('tar', ['--no-same-owner', '-xzf', join(making, archive), '-C', making, 'package/bin/node']);
    for (const left of ['npm', archive]) await rm(join(making, left), { recursive: true });
  });
  return { nodePath: join(directory, 'package/bin/node') };
}

/** The same Node where nvm would have it below `home`. */
export async function asNvmHas({ nodePath }: NodeSource, home: string): Promise<NodeSource> {
  const installed = join(home, '.nvm/versions/node', await versionOf({ nodePath }), 'bin/node');
  await install({ nodePath }, installed);
  return { nodePath: installed };
}

/** Puts a Node at `path` as package managers do: whole, in place of what was there. */
export async function install({ nodePath }: NodeSource, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await copyFile(nodePath, `${path}.new`, constants.COPYFILE_FICLONE);
  await rename(`${path}.new`, path);
}

/** As Node itself says it, for example `v22.1.0`. */
export async function versionOf({ nodePath }: NodeSource): Promise<string> {
  return (await output(nodePath, ['--version'])).trim();
}
