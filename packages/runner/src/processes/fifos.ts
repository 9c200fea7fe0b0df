/**
 * FIFOs for standard streams. With the socket pairs that Node makes itself a program cannot open /dev/stdout or /dev/stderr
 * (ENXIO); with FIFOs it can. The agent makes them, since the runner has no right to and Node no call for it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Both ends of an open FIFO. */
export interface OpenFifo {
  /** The runner's end; does not block. */
  readonly ours: number;
  /** The child's end; close it after the spawn. */
  readonly theirs: number;
  /** The FIFO may serve again: call it when nobody can have its other end any more. */
  readonly giveBack: () => void;
}

export class FifoPool {
  readonly #free: string[];

  /** FIFOs `fifo-0` to `fifo-(count - 1)` in `directory`. */
  constructor(directory: string, count: number) {
    this.#free = Array.from({ length: count }, (_, index) => join(directory, `fifo-${index}`));
  }

  get free(): number {
    return this.#free.length;
  }

  /** For output of a child; undefined when none is left. */
  forOutput(): OpenFifo | undefined {
    return this.#open((path) => {
      const ours = openSync(path, O_RDONLY | O_NONBLOCK);
      return { ours, theirs: openOrClose(path, O_WRONLY, ours) };
    });
  }

  /** For input of a child. */
  forInput(): OpenFifo | undefined {
    return this.#open((path) => {
      // A writer that must not block needs a reader to be there first.
      const keeper = openSync(path, O_RDONLY | O_NONBLOCK);
      try {
        const ours = openSync(path, O_WRONLY | O_NONBLOCK);
        return { ours, theirs: openOrClose(path, O_RDONLY, ours) };
      } finally {
        closeSync(keeper);
      }
    });
  }

  #open(open: (path: string) => { ours: number; theirs: number }): OpenFifo | undefined {
    const path = this.#free.pop();
    if (path === undefined) return undefined;
    try {
      return { ...open(path), giveBack: () => void this.#free.push(path) };
    } catch {
      // Missing or unusable: a plain pipe does.
      return undefined;
    }
  }
}

function openOrClose(path: string, flags: number, other: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    closeSync(other);
    throw error;
  }
}
