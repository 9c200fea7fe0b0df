/** From the terminal to the runner, no faster than the runner reads. */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { openMaster } from './master.js';

/** A read gives 4 KiB at most. */
const READ_BYTES = 8 * 1024;
/** The system keeps far less for a reader that is slow; what comes after so much was written after the end. */
const MOST_LEFT = 1024 * 1024;

export class Screen {
  /** To type on. */
  readonly terminal: Socket;
  readonly #master: number;
  readonly #out: Socket;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** Resolves when `out` can take no more. */
  readonly #closed: Promise<void>;

  /** Owns `master` from now on. */
  constructor(master: number, out: Socket) {
    this.#master = master;
    this.#out = out;
    this.terminal = openMaster(master, out, { buffer: this.#buffer, onRead: (length) => this.#show(length) });
    // The runner is gone; the orders end as well.
    out.on('error', () => {});
    out.on('drain', () => this.terminal.resume());
    this.#closed = new Promise((resolve) => out.once('close', () => resolve()));
    this.terminal.resume();
  }

  /** Passes on what programs have written so far, and closes; resolves when the runner's pipe has it all. */
  async end(): Promise<void> {
    for (let left = MOST_LEFT; left > 0;) {
      let length;
      try {
        length = readSync(this.#master, this.#buffer);
      } catch {
        // EAGAIN: empty. Asking makes the system hand over all that was written before, also what it had not yet got round to.
        break;
      }
      if (length === 0) break;
      this.#show(length);
      left -= length;
    }
    this.terminal.destroy();
    this.#out.end();
    await this.#closed;
  }

  /** False: no more for now. */
  #show(length: number): boolean {
    return this.#out.write(Buffer.from(this.#buffer.subarray(0, length)));
  }
}
