/** A log file that is moved aside when it has grown: `.1` is the newest old one. Writes at once, so that nothing is lost at an end. */
import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { BerthError } from '@berth/wire';

export interface RotationOptions {
  readonly path: string;
  /** Bytes; a line that alone is longer is written whole. */
  readonly maxBytes: number;
  /** Old files that are kept; 0: none. */
  readonly keep: number;
  /** Told once when lines can no longer be written, and again after it went well in between. */
  readonly onTrouble: (message: string) => void;
}

export class RotatingFile {
  readonly #options: RotationOptions;
  #fd: number | undefined;
  #size = 0;
  /** Never a device or a pipe: those must not be moved aside. */
  #rotates = false;
  #troubled = false;

  /** Errors: `state-unwritable`. */
  constructor(options: RotationOptions) {
    this.#options = options;
    try {
      this.#open();
    } catch (error) {
      throw new BerthError('state-unwritable', `the log file ${options.path} cannot be written: ${(error as Error).message}`, {
        cause: error,
        fix: 'Make its directory and give it to the user of the agent, or name another file with --log-file (BACKEND_LOG_FILE).',
      });
    }
  }

  /** Never throws: an agent does not end because its disk is full. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    try {
      if (this.#fd === undefined) this.#open();
      if (this.#rotates && this.#size > 0 && this.#size + bytes.length > this.#options.maxBytes) this.#rotate();
      for (let at = 0; at < bytes.length;) {
        const written = writeSync(this.#fd!, bytes, at);
        at += written;
        this.#size += written;
      }
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled)
        this.#options.onTrouble(`the log file ${this.#options.path} cannot be written: ${(error as Error).message}`);
      this.#troubled = true;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    this.#fd = openSync(this.#options.path, 'a', 0o640);
    const status = fstatSync(this.#fd);
    this.#size = status.size;
    this.#rotates = status.isFile();
  }

  #rotate(): void {
    const { path, keep } = this.#options;
    this.close();
    if (keep === 0) rmSync(path, { force: true });
    for (let i = keep; i > 0; i--) move(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`);
    this.#open();
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
