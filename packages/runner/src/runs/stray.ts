/** What background work of a session prints while no code runs: the next run gets it. */
import type { OutputSink } from '../processes/output.js';

/** More is not kept; the oldest goes. */
const MOST_BYTES = 64 * 1024;

interface Sinks {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
}

export class Stray {
  #pieces: { readonly to: keyof Sinks; readonly data: Uint8Array }[] = [];
  #bytes = 0;

  /** Keeps what it is given. */
  readonly sinks: Sinks = {
    stdout: (data) => this.#keep('stdout', data),
    stderr: (data) => this.#keep('stderr', data),
  };

  /** Hands over what was kept. */
  deliver(sinks: Sinks): void {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    for (const { to, data } of pieces) sinks[to](data);
  }

  #keep(to: keyof Sinks, data: Uint8Array): void {
    this.#pieces.push({ to, data: Uint8Array.from(data) });
    this.#bytes += data.length;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#pieces.shift()!.data.length;
  }
}
