/** Copies one part into a carry under construction. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IN_KERNEL } from '@berth/wire';
import type { ManifestFile } from './manifest.js';
import type { Part } from './parts.js';
import { embeddedScriptPaths, relocate, type Relocation } from './relocate.js';

/** Copies `part` below `root`, with the scripts that it names. Resolves with what was written; it is on the disk by then. */
export async function copyPart(part: Part, root: string): Promise<ManifestFile[]> {
  const scripts = part.mayEmbedScripts ? await existing(await scriptPathsIn(part.source)) : [];
  const moved = scripts.map((from, index) => ({ from, to: `${IN_KERNEL.carry}/js/${index}` }));
  const relocations: readonly Relocation[] = [...part.relocations, ...moved];

  const written = [await copyFileTo(root, part.target, part.source, part.executable, relocations)];
  for (const [index, script] of scripts.entries()) {
    written.push(await copyFileTo(root, `js/${index}`, script, false, []));
  }
  return written;
}

async function copyFileTo(
  root: string,
  target: string,
  source: string,
  executable: boolean,
  relocations: readonly Relocation[],
): Promise<ManifestFile> {
  const path = join(root, target);
  await mkdir(dirname(path), { recursive: true });
  if (relocations.length > 0) await writeFile(path, relocate(await readFile(source), relocations));
  else await copyFile(source, path, constants.COPYFILE_FICLONE);
  // The source may be read-only to its owner, and the copy inherits that; readable by all, since other uids run it.
  await chmod(path, executable ? 0o555 : 0o444);
  return { path: target, executable, ...(await sealed(path)) };
}

/** Writes a small file of our own below `root`. */
export async function writeText(root: string, target: string, text: string): Promise<ManifestFile> {
  const path = join(root, target);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o444);
  return { path: target, executable: false, ...(await sealed(path)) };
}

/** Hashes what was written, not what was read: the source may change meanwhile. Then makes sure that it is on the disk. */
async function sealed(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  await readPieces(path, 0, (bytes) => void hash.update(bytes));
  const handle = await open(path, 'r');
  try {
    await handle.sync();
    return { bytes: (await handle.stat()).size, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** No shorter than the longest path with its end. */
const OVERLAP_BYTES = 8192;

async function scriptPathsIn(source: string): Promise<string[]> {
  const paths = new Set<string>();
  await readPieces(source, OVERLAP_BYTES, (bytes, first) => {
    // From a whole path on: the end of one would look like a path of its own.
    for (const path of embeddedScriptPaths(first ? bytes : bytes.subarray(Math.max(0, bytes.indexOf(0))))) paths.add(path);
  });
  return [...paths].sort();
}

const PIECE_BYTES = 1024 * 1024;

/**
 * Reads a file through one buffer: Node's program is 100 MB, and what is read in fresh buffers stays with the process long after.
 * `take` gets each piece with the last `overlap` bytes before it, valid during the call.
 */
async function readPieces(path: string, overlap: number, take: (bytes: Buffer, first: boolean) => void): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES + overlap);
  const handle = await open(path, 'r');
  try {
    for (let kept = 0, first = true; ; first = false) {
      const { bytesRead } = await handle.read(buffer, kept, PIECE_BYTES);
      if (bytesRead === 0) return;
      const end = kept + bytesRead;
      take(buffer.subarray(0, end), first);
      kept = Math.min(overlap, end);
      buffer.copyWithin(0, end - kept, end);
    }
  } finally {
    await handle.close();
  }
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const readable = await Promise.all(
    paths.map((path) =>
      access(path, constants.R_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => readable[index]);
}
