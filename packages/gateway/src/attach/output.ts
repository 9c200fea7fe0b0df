/** Records from the run's stream to the socket. */
import { ATTACH_CLOSE, encodeFrames, FRAME, RECORD_TYPES, toBerthError, type RunStream } from '@berth/wire';
import type { WebSocket } from 'ws';
import { packFrames } from './pack.js';

/**
 * What may wait in the socket before the stream is asked for more. The stream's own window bounds an honest client; this one
 * bounds a client that confirms what it has not read.
 */
const MOST_BUFFERED_BYTES = 1024 * 1024;

export class Output {
  readonly #socket: WebSocket;
  #sent = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Highest record given to the client; it cannot confirm more. */
  get sent(): number {
    return this.#sent;
  }

  /** Sends all that the stream yields, then how it ended. Never rejects. */
  async pump(stream: RunStream): Promise<void> {
    let finished = false;
    try {
      for await (const batch of stream) {
        const last = batch.at(-1)!;
        this.#sent = last.seq;
        finished = last.type === RECORD_TYPES.finished;
        for (const message of packFrames(batch)) await this.#send(message);
      }
    } catch (error) {
      return this.fail(error);
    }
    if (finished) await this.#send(encodeFrames(FRAME.end, 0, 0));
    else this.#socket.close(ATTACH_CLOSE.away, 'the stream of the run was lost');
  }

  /** Tells the client that there will be no more, and why. */
  async fail(error: unknown): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify(toBerthError(error)));
    await this.#send(encodeFrames(FRAME.end, 0, 0, body));
  }

  #send(message: Uint8Array): Promise<void> | void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount < MOST_BUFFERED_BYTES) return socket.send(message);
    // A failure is told by the socket's `close`.
    return new Promise((resolve) => socket.send(message, () => resolve()));
  }
}
