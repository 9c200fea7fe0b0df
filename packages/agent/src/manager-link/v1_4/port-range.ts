/** In which order the ports of a range are tried. */
import type { TerminalPorts } from '../transport/terminal-sockets.js';

export class PortRange {
  readonly #first: number;
  readonly #count: number;
  #next = 0;

  /** Both ends belong to the range. */
  constructor(first: number, last: number) {
    this.#first = first;
    this.#count = last - first + 1;
  }

  /** Every port once, those first that were given out longest ago: a late packet for a port meets nobody else so soon. */
  *candidates(): Generator<number> {
    for (let tried = 0; tried < this.#count; tried++) {
      const port = this.#first + this.#next;
      this.#next = (this.#next + 1) % this.#count;
      yield port;
    }
  }
}

/** Exactly the ports that a kernel was promised. */
export const promised = ({ stdinPort, stdoutPort }: TerminalPorts): readonly number[] => [stdinPort, stdoutPort];
