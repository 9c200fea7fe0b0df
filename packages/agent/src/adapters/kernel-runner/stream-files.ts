/**
 * The bytes of a kernel's output socket in files, `<offset>.begin` where a connection begins and `<offset>.more` where it goes on. The
 * keeper writes them, the agent reads and removes them. Offsets count all bytes of the kernel's life.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const STREAM_FILE_BYTES = 1024 * 1024;

export interface StreamFile {
  readonly start: number;
  /** A connection begins here: greeting first, and nothing of the one before goes on. */
  readonly begins: boolean;
  readonly path: string;
}

export const streamFileName = (start: number, begins: boolean): string => `${start}.${begins ? 'begin' : 'more'}`;

/** In the order of their bytes. */
export function streamFiles(directory: string): StreamFile[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const [, start, kind] = /^(\d+)\.(begin|more)$/.exec(name) ?? [];
      return start === undefined ? [] : [{ start: Number(start), begins: kind === 'begin', path: join(directory, name) }];
    })
    .sort((a, b) => a.start - b.start);
}

/** Offset behind the last byte. */
export const endOfStream = (files: readonly StreamFile[]): number => {
  const last = files.at(-1);
  return last ? last.start + statSync(last.path).size : 0;
};

/** Reads from stream offset `at` into `target`, across files; as much as there is without a hole. */
export function readStream(files: readonly StreamFile[], at: number, target: Buffer): number {
  let done = 0;
  for (const { start, path } of files.slice(
    Math.max(
      0,
      files.findLastIndex((file) => file.start <= at),
    ),
  )) {
    if (start > at + done || done === target.length) break;
    const file = openSync(path, 'r');
    try {
      done += readSync(file, target, done, target.length - done, at + done - start);
    } finally {
      closeSync(file);
    }
  }
  return done;
}
