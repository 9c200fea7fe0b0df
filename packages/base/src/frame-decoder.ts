/** Cuts a byte stream into length-prefixed frames. The layout of a frame belongs to its protocol; here only the length counts. */

/** The peer sent something that cannot be a frame; the connection is of no use any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export interface LengthLimits {
  /** Smallest and largest allowed value of the u32 (big-endian) length field. */
  readonly min: number;
  readonly max: number;
}

/**
 * Feed it chunks, get whole frames (without their length field). Frames that lie within one chunk are views into it: no copy.
 * The length is checked before anything is allocated.
 */
export class FrameDecoder {
  readonly #limits: LengthLimits;
  #header = Buffer.alloc(4);
  #headerHas = 0;
  #partial: Buffer | undefined;
  #partialHas = 0;

  constructor(limits: LengthLimits) {
    this.#limits = limits;
  }

  /** Bytes held back until more arrives. */
  get pending(): number {
    return this.#headerHas + this.#partialHas;
  }

  /** Frames completed by `chunk`, in order. Throws {@link FrameError} on a length outside the limits. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial) {
        const take = Math.min(this.#partial.length - this.#partialHas, chunk.length - at);
        chunk.copy(this.#partial, this.#partialHas, at, at + take);
        this.#partialHas += take;
        at += take;
        if (this.#partialHas === this.#partial.length) {
          frames.push(this.#partial);
          this.#partial = undefined;
          this.#partialHas = 0;
        }
        continue;
      }
      let length: number;
      if (this.#headerHas === 0 && chunk.length - at >= 4) {
        length = chunk.readUInt32BE(at);
        at += 4;
      } else {
        const take = Math.min(4 - this.#headerHas, chunk.length - at);
        chunk.copy(this.#header, this.#headerHas, at, at + take);
        this.#headerHas += take;
        at += take;
        if (this.#headerHas < 4) break;
        length = this.#header.readUInt32BE(0);
        this.#headerHas = 0;
      }
      if (length < this.#limits.min || length > this.#limits.max) {
        throw new FrameError(`a frame of ${length} bytes was announced; allowed are ${this.#limits.min} to ${this.#limits.max}`);
      }
      if (chunk.length - at >= length) {
        frames.push(chunk.subarray(at, at + length));
        at += length;
      } else {
        this.#partial = Buffer.allocUnsafe(length);
        this.#partialHas = 0;
      }
    }
    return frames;
  }
}
