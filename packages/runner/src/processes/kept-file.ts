/** A small file of the system that is read again and again. */
import { closeSync, openSync, readSync } from 'node:fs';

const MOST_BYTES = 4096;
const shared = Buffer.allocUnsafeSlow(MOST_BYTES);

/** Keeps the file open: opening costs more than reading, and each query reads several. */
export class KeptFile {
  #fd: number;

  /** Throws the system's error. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** Its text now, of which 4 KiB at most. Throws the system's error. */
  read(): string {
    return shared.toString('latin1', 0, readSync(this.#fd, shared, 0, MOST_BYTES, 0));
  }

  /** Reading throws from now on. */
  close(): void {
    closeSync(this.#fd);
    // The number may come to mean another file.
    this.#fd = -1;
  }
}
