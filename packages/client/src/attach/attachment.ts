/** A run followed by one consumer: every record once and in order, whatever happens to the connection or the node. */
import { decodeJsonPayload, errorFromBody, FRAME, type Frame, type RunRecord } from '@berth/wire';
import type { NodeAddress } from '../http.js';
import { DEFAULT_RECONNECT_MS, isAway, pause, whileNodeAway, type Patience } from '../patience.js';
import { Link } from './link.js';
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
  readonly #resolve: () => Promise<NodeAddress>;
  readonly #session: string;
  readonly #run: string;
  readonly #options: AttachOptions;
  readonly #reader: RecordReader;
  readonly #input = new PendingInput();
  #link: Link | undefined;

  constructor(resolve: () => Promise<NodeAddress>, session: string, run: string, options: AttachOptions) {
    this.#resolve = resolve;
    this.#session = session;
    this.#run = run;
    this.#options = options;
    this.#reader = new RecordReader(options.from ?? 1);
  }

  /** Sends standard input, also ahead of a connection. Resolves when the window has room for more; one call at a time. */
  async write(data: Uint8Array): Promise<void> {
    for await (const piece of this.#input.push(data)) this.#link?.send(FRAME.input, piece.offset, piece.data);
  }

  /** Ends standard input. */
  endInput(): void {
    if (this.#input.ended) return;
    this.#input.end();
    this.#link?.send(FRAME.inputEnd, this.#input.length);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunRecord> {
    try {
      for (let fruitless = 0; ; fruitless++) {
        const before = this.#reader.next;
        // A node that accepts and breaks off again and again is not asked without pause.
        if (fruitless > 0) await pause(fruitless, this.#options.signal);
        const link = await this.#connect();
        try {
          return yield* this.#follow(link);
        } catch (error) {
          this.#options.signal?.throwIfAborted();
          if (!isAway(error)) throw error;
          this.#options.onAway?.();
        }
        if (this.#reader.next > before) fruitless = -1;
      }
    } finally {
      this.#input.abandon();
      this.#link?.close();
      this.#link = undefined;
    }
  }

  /** Returns when the run is over; throws when the connection is lost. */
  async *#follow(link: Link): AsyncGenerator<RunRecord, void> {
    for await (const frames of link.frames()) {
      let consumed = 0;
      for (const frame of frames) {
        if (frame.type === FRAME.end) {
          if (consumed > 0) link.ack(consumed);
          return checkEnd(frame);
        }
        if (frame.type === FRAME.ack) this.#input.confirm(frame.seq);
        const record = this.#reader.take(frame);
        if (!record) continue;
        yield record;
        consumed = frame.seq;
      }
      if (consumed > 0) link.ack(consumed);
    }
  }

  async #connect(): Promise<Link> {
    const { reconnectMs = DEFAULT_RECONNECT_MS, signal } = this.#options;
    const open = async () => Link.open(await this.#resolve(), this.#session, this.#run, this.#reader.next, signal);
    const link = await whileNodeAway(open, { reconnectMs, ...(signal ? { signal } : {}) });
    this.#reader.restart();
    this.#link = link;
    for (const { offset, data } of this.#input.pieces) link.send(FRAME.input, offset, data);
    if (this.#input.ended) link.send(FRAME.inputEnd, this.#input.length);
    return link;
  }
}

/** Throws the error with which the stream ended, unless it ended with its run; a node that goes away is such an error. */
function checkEnd({ payload }: Frame): void {
  if (payload.length > 0) throw errorFromBody(decodeJsonPayload(payload));
}
