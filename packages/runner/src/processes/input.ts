/** The standard input of a program. */
import type { Writable } from 'node:stream';

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
   * taken in all, when the pipe has them or nobody reads any more.
   */
  write(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    const fresh = data.subarray(Math.min(data.length, this.#taken - offset));
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
