/** The disk that a run has for its output: flat files `spill-*` in the run directory, readable by the runner only. */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { References, type Block } from './block.js';

/** Makes blocks on disk. */
export interface Spill {
  /** Bytes on disk now. */
  readonly used: number;
  /** True when `bytes` more stay within the budget and the disk has not refused lately. */
  hasRoom(bytes: number): boolean;
  /** A new block for at least `bytes`; undefined when the disk refuses. Blocks count by what was written to them. */
  take(bytes: number): Block | undefined;
}

let nextFile = 0;

/** Files are small enough that what was delivered is given back soon, and large enough that there are few. */
const FILE_BYTES = 8 * 1024 * 1024;

export class FileSpill implements Spill {
  readonly #directory: string;
  readonly #limit: number;
  #used = 0;
  /** The disk was full: nothing is tried until something was given back. */
  #refused = false;

  /** `limit` in bytes. */
  constructor(directory: string, limit: number) {
    this.#directory = directory;
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  hasRoom(bytes: number): boolean {
    return !this.#refused && this.#used + bytes <= this.#limit;
  }

  take(bytes: number): Block | undefined {
    const path = join(this.#directory, `spill-${process.pid}-${nextFile++}`);
    try {
      const fd = openSync(path, 'wx+', 0o600);
      return new FileBlock(fd, Math.max(bytes, Math.min(FILE_BYTES, this.#limit / 16)), {
        written: (count) => (this.#used += count),
        refused: () => (this.#refused = true),
        freed: (count) => {
          this.#used -= count;
          this.#refused = false;
          unlinkSync(path);
        },
      });
    } catch {
      this.#refused = true;
      return undefined;
    }
  }
}

interface FileBlockEvents {
  readonly written: (bytes: number) => void;
  readonly refused: () => void;
  readonly freed: (bytes: number) => void;
}

class FileBlock implements Block {
  readonly size: number;
  readonly #fd: number;
  readonly #events: FileBlockEvents;
  readonly #references: References;
  used = 0;

  constructor(fd: number, size: number, events: FileBlockEvents) {
    this.#fd = fd;
    this.size = size;
    this.#events = events;
    this.#references = new References(() => {
      closeSync(fd);
      events.freed(this.used);
    });
  }

  append(data: Uint8Array): boolean {
    try {
      for (let done = 0; done < data.length;) done += writeSync(this.#fd, data, done, data.length - done, this.used + done);
    } catch {
      // Full disk or I/O error. What was half written lies beyond `used` and is written over.
      this.#events.refused();
      return false;
    }
    this.used += data.length;
    this.#events.written(data.length);
    return true;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const count = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (count === 0) throw new Error('a spill file is shorter than what was written to it');
      done += count;
    }
    return bytes;
  }

  retain(): void {
    this.#references.retain();
  }

  release(): void {
    this.#references.release();
  }
}
