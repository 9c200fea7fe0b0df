/** The standard input of a program. */
import type { Writable } from 'node:stream';
import { BerthError } from '@berth/wire';

/**
 * What of `data`, whose first byte is number `offset`, is new when `taken` bytes came before: a repeat is skipped. Throws
 * `bad-request` when bytes in between are missing.
 */
export function notTaken(taken: number, offset: number, data: Uint8Array): Uint8Array {
  if (offset > taken) {
    const message = `input up to byte ${taken} has come; offset ${offset} leaves a hole`;
    throw new BerthError('bad-request', message, { fields: { taken } });
  }
  return data.subarray(Math.min(data.length, taken - offset));
}

export class Input {
  readonly #stream: Writable;
  #taken = 0;
  #ended = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // The program has closed its input or is gone: what is written is lost, as it would be in a pipe.
    stream.on('error', () => {});
  }

  /**
   * Writes what of `data`, whose first byte is number `offset` of the input, has not been taken before. Resolves with the bytes
   * taken in all, when the pipe has them or nobody reads any more. Throws `bad-request`.
   */
  write(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    const fresh = notTaken(this.#taken, offset, data);
    if (this.#ended || this.#stream.destroyed) return Promise.resolve(Math.max(this.#taken, offset + data.length));
    this.#taken += fresh.length;
    const taken = this.#taken;
    return new Promise((resolve) => {
      this.#stream.once('close', () => resolve(taken));
      this.#stream.write(fresh, () => resolve(taken));
      if (end) this.end();
    });
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  end(): void {
    this.#ended = true;
    this.#stream.end();
  }

  close(): void {
    this.#stream.destroy();
  }
}
