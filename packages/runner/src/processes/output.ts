/** Reads what a process writes, into one buffer that all readers share, and no faster than its owner wants it. */
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

/** Takes bytes that are valid only during the call; may pause the output. */
export type OutputSink = (data: Uint8Array) => void;

/** As much as a pipe holds; a read takes no more. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
/** The largest that a user can make a pipe. What comes after so much was written after the drain began. */
const LARGEST_PIPE = 1024 * 1024;
/** Turns of the event loop without data that mean an empty pipe: each of them has asked it. */
const QUIET_TURNS = 3;

export class Output {
  readonly #sink: OutputSink;
  /** Resolves when reading is over: true at the end of file, when nobody can write any more; false when it was cut short. */
  readonly reachedEnd: Promise<boolean>;
  readonly #stream: Readable;
  #bytes = 0;
  #paused = true;
  #insisting = false;
  #over = false;

  /** `source`: a FIFO's descriptor, which is owned from now on, or a stream. Paused at first. */
  constructor(source: number | Readable, sink: OutputSink) {
    this.#sink = sink;
    this.#stream = typeof source === 'number' ? this.#open(source) : source.on('data', (data: Buffer) => this.#take(data));
    this.#stream.pause();
    this.reachedEnd = new Promise((resolve) => {
      let seen = false;
      this.#stream.once('end', () => (seen = true));
      this.#stream.once('close', () => {
        this.#over = true;
        resolve(seen);
      });
    });
    // A read error ends the stream; `close` follows.
    this.#stream.on('error', () => {});
  }

  pause(): void {
    if (this.#insisting) return;
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.resume();
  }

  /**
   * Resolves when all that was written before the call has been read, also when the sink wants no more: it is at most what a
   * pipe holds. It asks the pipe, and waits for no end of file, which a process in the background could keep away.
   */
  async drained(): Promise<void> {
    const most = this.#bytes + LARGEST_PIPE;
    this.#insisting = true;
    this.resume();
    for (let quiet = 0; quiet < QUIET_TURNS && !this.#over && this.#bytes < most;) {
      const before = this.#bytes;
      await turn();
      quiet = this.#bytes === before ? quiet + 1 : 0;
    }
    this.#insisting = false;
  }

  /** Stops reading for good. */
  close(): void {
    this.#stream.destroy();
  }

  #open(fd: number): Socket {
    // `onread` is in Node's documentation of net.Socket, and only there: the types know it for connections alone.
    const options = {
      fd,
      readable: true,
      writable: false,
      onread: { buffer: shared, callback: (length: number) => this.#take(shared.subarray(0, length)) },
    };
    return new Socket(options);
  }

  #take(data: Uint8Array): boolean {
    this.#bytes += data.length;
    this.#sink(data);
    return !this.#paused;
  }
}
