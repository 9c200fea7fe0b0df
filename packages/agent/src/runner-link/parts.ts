/** Holds the parts of a split payload until the last one is there. */
import { BerthError, MAX_JOINED_PAYLOAD, type Frame } from '@berth/wire';

/** Far above what an honest sender needs (17), so that tiny parts cannot fill the memory. */
const MAX_PARTS = 1024;

export class PartCollector {
  #parts: Frame[] = [];
  #bytes = 0;

  /** All parts, in order, once `frame` completes them. Throws `too-large`. */
  add(frame: Frame): readonly Frame[] | undefined {
    this.#parts.push(frame);
    this.#bytes += frame.payload.length;
    if (this.#bytes > MAX_JOINED_PAYLOAD || this.#parts.length > MAX_PARTS) {
      throw new BerthError(
        'too-large',
        `a message is larger than ${MAX_JOINED_PAYLOAD} bytes or has more than ${MAX_PARTS} parts`,
      );
    }
    if (frame.more) return undefined;
    const parts = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    return parts;
  }
}
