/** The bytes of files on their way in and out. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { BerthError } from '@berth/wire';
import { fileError } from './file-error.js';

const CHUNK_BYTES = 256 * 1024;

/** Content, and a check of it to be made once all was written. The check throws `bad-request`. */
export function sumChecked(
  path: string,
  content: AsyncIterable<Uint8Array>,
  wanted: string,
): { readonly content: AsyncIterable<Uint8Array>; readonly verify: () => void } {
  const hash = createHash('sha256');
  return {
    content: (async function* () {
      for await (const chunk of content) {
        hash.update(chunk);
        yield chunk;
      }
    })(),
    verify: () => {
      const found = hash.digest('hex');
      if (found === wanted.toLowerCase()) return;
      throw new BerthError(
        'bad-request',
        `${JSON.stringify(path)} has the sha256 ${found} and not ${wanted}: it was not written`,
        {
          fix: 'Send the file again.',
          fields: { path, sha256: found },
        },
      );
    },
  };
}

/** From byte `start` up to `end`, or to the end of the file. The file is closed at the end, and when its reader leaves, also before the first read. */
export function bytesOf(handle: FileHandle, start: number, end: number): AsyncIterableIterator<Uint8Array> {
  let at = start;
  const over = async (): Promise<IteratorResult<Uint8Array>> => {
    await handle.close();
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (at >= end) return over();
      const wanted = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
      const { bytesRead } = await handle.read(wanted, 0, wanted.length, at);
      at = bytesRead === 0 ? end : at + bytesRead;
      return bytesRead === 0 ? over() : { done: false, value: wanted.subarray(0, bytesRead) };
    },
    return: over,
  };
}

/** With failures on the way in the words of the closed list. */
export async function* withErrors(path: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    throw fileError(path, error);
  }
}
