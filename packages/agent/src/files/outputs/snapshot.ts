/** A copy of a file that its program may still be writing. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
/** So often a file is read again that has changed while it was read. */
const ATTEMPTS = 3;

export interface Snapshot {
  readonly size: number;
  /** False: the file went on changing, and the copy is what was read last. */
  readonly steady: boolean;
}

/** `most` bytes at most are taken, and never more than the file had when its reading began. */
export interface SnapshotLimits {
  readonly most: number;
  /** Called when an attempt has read everything; for tests that change the file meanwhile. */
  readonly onAttempt?: (attempt: number) => Promise<void> | void;
}

/**
 * Copies an open regular file to the new file `target` (mode 0600). It is read again when its size or time has changed meanwhile. Throws
 * what the disk says, and RangeError for a file that is larger than `most`.
 */
export async function snapshot(source: FileHandle, target: string, { most, onAttempt }: SnapshotLimits): Promise<Snapshot> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const copy = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for (let attempt = 1; ; attempt++) {
      const before = await source.stat({ bigint: true });
      if (before.size > most) throw new RangeError(`the file has more than ${most} bytes`);
      await copy.truncate(0);
      const size = await copyBytes(source, copy, Number(before.size));
      await onAttempt?.(attempt);
      const after = await source.stat({ bigint: true });
      const steady = BigInt(size) === after.size && before.mtimeNs === after.mtimeNs;
      if (steady || attempt === ATTEMPTS) return { size, steady };
    }
  } finally {
    await copy.close();
  }
}

/** Positions are given: both are read and written from their beginning again. */
async function copyBytes(source: FileHandle, copy: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, size)));
  let at = 0;
  while (at < size) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (bytesRead === 0) break;
    for (let written = 0; written < bytesRead;)
      written += (await copy.write(buffer, written, bytesRead - written, at + written)).bytesWritten;
    at += bytesRead;
  }
  return at;
}
