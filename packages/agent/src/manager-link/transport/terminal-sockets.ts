/**
 * The two ports of a kernel's terminal, to which the manager connects by itself (seed spec 8.10): a SUB that takes what is typed and a
 * PUB that gives what is shown, raw bytes, one frame a message. They have no authentication of their own, hence the gate.
 */
import { Publisher, Subscriber } from 'zeromq';
import { BerthError } from '@berth/wire';
import type { ZapGate } from './zap-gate.js';

export interface TerminalPorts {
  readonly stdinPort: number;
  readonly stdoutPort: number;
}

/** Messages that wait for a slow manager before it loses some, as at any PUB. */
const WAITING_MESSAGES = 10_000;
/** Nobody types more at once. */
const LARGEST_INPUT_BYTES = 1024 * 1024;

export class TerminalSockets {
  readonly ports: TerminalPorts;
  readonly #input: Subscriber;
  readonly #output: Publisher;
  #sending: Promise<void> = Promise.resolve();

  private constructor(input: Subscriber, output: Publisher, ports: TerminalPorts) {
    this.#input = input;
    this.#output = output;
    this.ports = ports;
  }

  /**
   * Binds both on `host` (an IP address, or `*` for all). `candidates` gives ports in the order in which they are tried. Errors:
   * `port-in-use` when they are used up.
   */
  static async bind(gate: ZapGate, host: string, candidates: Iterable<number>): Promise<TerminalSockets> {
    const input = new Subscriber({ ...gate.socketOptions, linger: 0, maxMessageSize: LARGEST_INPUT_BYTES });
    const output = new Publisher({ ...gate.socketOptions, linger: 50, sendHighWaterMark: WAITING_MESSAGES });
    const ports = candidates[Symbol.iterator]();
    try {
      input.subscribe();
      const stdinPort = await bindNext(input, host, ports);
      const stdoutPort = await bindNext(output, host, ports);
      return new TerminalSockets(input, output, { stdinPort, stdoutPort });
    } catch (error) {
      input.close();
      output.close();
      throw error;
    }
  }

  /** What is typed, from now on; ends when the sockets are closed. */
  async *typed(): AsyncIterable<Uint8Array> {
    while (!this.#input.closed) {
      try {
        for await (const frames of this.#input) yield Buffer.concat(frames);
      } catch {
        // Closed while it waited: there is nothing more to come.
        if (this.#input.closed) return;
      }
    }
  }

  /** To whoever listens now. */
  show(bytes: Uint8Array): Promise<void> {
    this.#sending = this.#sending.then(() => this.#output.send(bytes)).catch(() => {});
    return this.#sending;
  }

  close(): void {
    this.#input.close();
    this.#output.close();
  }
}

async function bindNext(socket: Subscriber | Publisher, host: string, ports: Iterator<number>): Promise<number> {
  for (let next = ports.next(); !next.done; next = ports.next()) {
    try {
      await socket.bind(`tcp://${host.includes(':') ? `[${host}]` : host}:${next.value}`);
      return next.value;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new BerthError('port-in-use', 'no port for a terminal is free', { fix: 'Widen --terminal-port-range.' });
}
