/** Records from a run's stream to its channel of the socket. */
import { encodeFrames, FRAME, RECORD_TYPES, toBerthError, type Frame, type RunStream } from '@berth/wire';
import type { WebSocket } from 'ws';
import { packFrames } from './pack.js';

/**
 * What may wait in the socket before the stream is asked for more. The stream's own window bounds an honest client; this one
 * bounds a client that confirms what it has not read.
 */
const MOST_BUFFERED_BYTES = 1024 * 1024;

const END: Frame = { type: FRAME.end, more: false, channel: 0, seq: 0, payload: new Uint8Array(0) };

export class Output {
  readonly #socket: WebSocket;
  readonly #channel: number;
  #sent = 0;

  constructor(socket: WebSocket, channel: number) {
    this.#socket = socket;
    this.#channel = channel;
  }

  /** Highest record given to the client; it cannot confirm more. */
  get sent(): number {
    return this.#sent;
  }

  /** Sends all that the stream yields, then how it ended; false where the stream did not say. Never rejects. */
  async pump(stream: RunStream): Promise<boolean> {
    let finished = false;
    try {
      for await (const batch of stream) {
        const last = batch.at(-1)!;
        this.#sent = last.seq;
        finished = last.type === RECORD_TYPES.finished;
        // The end goes with the last record: a message of its own would cost as much as the record.
        for (const message of packFrames(finished ? [...batch, END] : batch, this.#channel)) await this.#send(message);
      }
    } catch (error) {
      await this.fail(error);
      return true;
    }
    return finished;
  }

  /** Tells the client that there will be no more, and why. */
  async fail(error: unknown): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify(toBerthError(error)));
    await this.#send(encodeFrames(FRAME.end, this.#channel, 0, body));
  }

  #send(message: Uint8Array): Promise<void> | void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount < MOST_BUFFERED_BYTES) return socket.send(message);
    // A failure is told by the socket's `close`.
    return new Promise((resolve) => socket.send(message, () => resolve()));
  }
}
