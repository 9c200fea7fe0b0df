/** A run followed by one consumer: every record once and in order, whatever happens to the connection or the node. */
import { decodeJsonPayload, errorFromBody, FRAME, type Frame, type RunRecord } from '@berth/wire';
import { DEFAULT_RECONNECT_MS, isAway, pause, whileNodeAway, type Patience } from '../patience.js';
import type { Connection } from './connection.js';
import { PendingInput } from './pending-input.js';
import { RecordReader } from './record-reader.js';

export interface AttachOptions extends Patience {
  /** First record wanted; default 1. */
  readonly from?: number;
}

/**
 * Iterate it once. A record counts as consumed when the next one is asked for; only then is it confirmed, so that a consumer
 * that dies half-way finds it again. Unconfirmed records are bounded by the node's window (4 MiB).
 *
 * Iterating rejects with the errors of the node, with `node-lost` after `reconnectMs` without it, or with the signal's reason.
 */
export class Attachment implements AsyncIterable<RunRecord> {
  readonly #open: (from: number) => Promise<Connection>;
  readonly #options: AttachOptions;
  readonly #reader: RecordReader;
  readonly #input = new PendingInput();
  #connection: Connection | undefined;
  /** Last record that is done with on this connection; 0: none. */
  #consumed = 0;

  /** @param open gives the first connection to the run, and the next one when that is lost, from a record on */
  constructor(open: (from: number) => Promise<Connection>, options: AttachOptions) {
    this.#open = open;
    this.#options = options;
    this.#reader = new RecordReader(options.from ?? 1);
  }

  /** Sends standard input, also ahead of a connection. Resolves when the window has room for more; one call at a time. */
  write(data: Uint8Array): Promise<void> {
    return this.#input.push(data, (piece) => this.#connection?.send(FRAME.input, piece.offset, piece.data));
  }

  /** Ends standard input. */
  endInput(): void {
    if (this.#input.ended) return;
    this.#input.end();
    this.#connection?.send(FRAME.inputEnd, this.#input.length);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunRecord> {
    try {
      for (let fruitless = 0; ; fruitless++) {
        const before = this.#reader.next;
        // A node that accepts and breaks off again and again is not asked without pause.
        if (fruitless > 0) await pause(fruitless, this.#options.signal);
        const connection = await this.#connect();
        try {
          return yield* this.#follow(connection);
        } catch (error) {
          this.#options.signal?.throwIfAborted();
          if (!isAway(error)) throw error;
          this.#options.onAway?.();
        }
        if (this.#reader.next > before) fruitless = -1;
      }
    } finally {
      this.#input.abandon();
      this.#connection?.close(this.#consumed);
      this.#connection = undefined;
    }
  }

  /** Returns when the run is over; throws when the connection is lost. */
  async *#follow(connection: Connection): AsyncGenerator<RunRecord, void> {
    for await (const frames of connection.frames()) {
      const before = this.#consumed;
      for (const frame of frames) {
        if (frame.type === FRAME.end) return checkEnd(frame);
        if (frame.type === FRAME.ack) this.#input.confirm(frame.seq);
        const record = this.#reader.take(frame);
        if (!record) continue;
        yield record;
        this.#consumed = frame.seq;
      }
      if (this.#consumed > before) connection.send(FRAME.ack, this.#consumed);
    }
  }

  async #connect(): Promise<Connection> {
    const { reconnectMs = DEFAULT_RECONNECT_MS, signal } = this.#options;
    const open = () => this.#open(this.#reader.next);
    const connection = await whileNodeAway(open, { reconnectMs, ...(signal ? { signal } : {}) });
    this.#reader.restart();
    this.#connection = connection;
    this.#consumed = 0;
    for (const { offset, data } of this.#input.pieces) connection.send(FRAME.input, offset, data);
    if (this.#input.ended) connection.send(FRAME.inputEnd, this.#input.length);
    return connection;
  }
}

/** Throws the error with which the stream ended, unless it ended with its run; a node that goes away is such an error. */
function checkEnd({ payload }: Frame): void {
  if (payload.length > 0) throw errorFromBody(decodeJsonPayload(payload));
}
