/** The list of contents that lies in each carry as `manifest.json`. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Raised when the layout of a carry changes, so that carries of older builds are not taken for ours. */
const FORMAT = 2;

export interface ManifestFile {
  /** Path in the carry. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly executable: boolean;
}

export interface Manifest {
  readonly format: number;
  /** Content address: 32 hexadecimal digits over paths, contents and modes. */
  readonly id: string;
  /** For people, for example `v20.20.2`. */
  readonly nodeVersion: string;
  readonly loader: string | null;
  /** False when this machine has no static tini. */
  readonly tini: boolean;
  readonly files: readonly ManifestFile[];
}

/** Completes a manifest with its content address. Pure. */
export function manifestOf(content: Omit<Manifest, 'format' | 'id' | 'tini'>): Manifest {
  const files = [...content.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const address = files.map(({ path, sha256, executable }) => [path, sha256, executable]);
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, content.loader, address]));
  const tini = files.some(({ path }) => path === 'bin/tini');
  return { format: FORMAT, id: hash.digest('hex').slice(0, 32), ...content, tini, files };
}

/** The manifest of the carry at `path` if each of its files is there in its size; undefined when it is missing or damaged. */
export async function readSoundManifest(path: string): Promise<Manifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as Manifest;
    if (manifest.format !== FORMAT) return undefined;
    const sizes = await Promise.all(manifest.files.map(async (file) => (await stat(join(path, file.path))).size));
    return sizes.every((size, index) => size === manifest.files[index]?.bytes) ? manifest : undefined;
  } catch {
    return undefined;
  }
}
