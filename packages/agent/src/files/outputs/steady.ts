/** Reads a file that its program may still be writing, so that what is told of it is true of one moment. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
/** So often a file is read again that has changed while it was read. */
const ATTEMPTS = 3;

/** What was read, in one go. */
export interface SteadyRead {
  readonly size: number;
  /** Hexadecimal, of these very bytes. */
  readonly sha256: string;
  /** False: the file went on changing, and this is of what was read last. */
  readonly steady: boolean;
}

/** `most` bytes at most are taken, and never more than the file had when its reading began. */
export interface SteadyLimits {
  readonly most: number;
  /** Called when an attempt has read everything; for tests that change the file meanwhile. */
  readonly onAttempt?: (attempt: number) => Promise<void> | void;
}

/** Gets what is read. `begin` comes before each attempt: what was taken before counts for nothing then. */
export interface SteadySink {
  begin(): Promise<void>;
  take(bytes: Buffer, at: number): Promise<void>;
}

const NOWHERE: SteadySink = { begin: () => Promise.resolve(), take: () => Promise.resolve() };

/**
 * Reads an open regular file from its beginning, once; again only when its size or time has changed meanwhile. Throws what the disk says, and
 * RangeError for a file that is larger than `most`.
 */
export async function readSteadily(
  source: FileHandle,
  { most, onAttempt }: SteadyLimits,
  sink: SteadySink = NOWHERE,
): Promise<SteadyRead> {
  for (let attempt = 1; ; attempt++) {
    const before = await source.stat({ bigint: true });
    if (before.size > most) throw new RangeError(`the file has more than ${most} bytes`);
    await sink.begin();
    const { size, sha256 } = await readOnce(source, Number(before.size), sink);
    await onAttempt?.(attempt);
    const after = await source.stat({ bigint: true });
    const steady = BigInt(size) === after.size && before.mtimeNs === after.mtimeNs;
    if (steady || attempt === ATTEMPTS) return { size, sha256, steady };
  }
}

/** Positions are given: it may be read from its beginning again. */
async function readOnce(source: FileHandle, size: number, sink: SteadySink): Promise<Omit<SteadyRead, 'steady'>> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, size)));
  let at = 0;
  while (at < size) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    hash.update(bytes);
    await sink.take(bytes, at);
    at += bytesRead;
  }
  return { size: at, sha256: hash.digest('hex') };
}
