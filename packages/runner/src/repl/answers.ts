/** Input for a REPL: bytes come when they come, the code asks when it asks; each question gets one line. Pure but for its state. */
import { notTaken } from '../processes/input.js';

/** More than this is not held for code that does not ask. */
const MOST_BYTES = 16 * 1024 * 1024;

export type Answer = { readonly op: 'input'; readonly text: string } | { readonly op: 'eof' };

export class Answers {
  readonly #give: (answer: Answer) => void;
  #held = Buffer.alloc(0);
  #taken = 0;
  #ended = false;
  #asked = false;

  constructor(give: (answer: Answer) => void) {
    this.#give = give;
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes what of `data`, whose first byte is number `offset`, has not been taken yet. False when it is too much. Throws `bad-request`. */
  put(offset: number, data: Uint8Array, end: boolean): boolean {
    const fresh = notTaken(this.#taken, offset, data);
    if (this.#held.length + fresh.length > MOST_BYTES) return false;
    if (!this.#ended) {
      this.#held = Buffer.concat([this.#held, fresh]);
      this.#taken += fresh.length;
      this.#ended = end;
    }
    this.#answer();
    return true;
  }

  /** The code waits for an answer. */
  ask(): void {
    this.#asked = true;
    this.#answer();
  }

  #answer(): void {
    if (!this.#asked) return;
    const newline = this.#held.indexOf(10);
    if (newline < 0 && !this.#ended) return;
    const length = newline < 0 ? this.#held.length : newline + 1;
    const text = this.#held.subarray(0, length).toString('utf8');
    this.#held = this.#held.subarray(length);
    this.#asked = false;
    this.#give(length === 0 ? { op: 'eof' } : { op: 'input', text });
  }
}
