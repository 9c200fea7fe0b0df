/** Cuts a byte stream into lines. */

/**
 * Feed it chunks, get whole lines without their ends. A line longer than `most` bytes is left out, and `undefined` stands in its
 * place; no more than `most` bytes are ever held.
 */
export class Lines {
  readonly #most: number;
  #parts: Buffer[] = [];
  #held = 0;
  #skipping = false;

  constructor(most: number) {
    this.#most = most;
  }

  push(chunk: Buffer): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let at = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
      this.#hold(chunk.subarray(at, end));
      lines.push(this.#skipping ? undefined : Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#held = 0;
      this.#skipping = false;
      at = end + 1;
    }
    // A copy: the rest may wait for long, and must not keep the whole chunk.
    this.#hold(Buffer.from(chunk.subarray(at)));
    return lines;
  }

  #hold(part: Buffer): void {
    this.#held += part.length;
    if (this.#held > this.#most) {
      this.#skipping = true;
      this.#parts = [];
    } else if (part.length > 0) this.#parts.push(part);
  }
}
