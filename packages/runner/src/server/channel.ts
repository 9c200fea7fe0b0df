/** One subscription: which records of a run have been sent and confirmed. */
import { FRAME, FRAME_HEADER_BYTES, FRAME_MORE, MAX_FRAME_PAYLOAD, RECORD_TYPES } from '@berth/wire';
import type { LogReader, RetentionLog } from '../retention/log.js';
import { header, type LinkChannel, type Packet } from './link-channel.js';

/**
 * Most records under way on a channel, since a small one costs more memory than its bytes. While none is sent, further output
 * joins into large ones.
 */
const MOST_RECORDS = 4096;

/** A record under way. */
interface Sent {
  readonly seq: number;
  /** Last number that it stands for; a gap stands for many. */
  readonly last: number;
  /** Of its frames, headers included. */
  readonly bytes: number;
}

export class RecordChannel implements LinkChannel {
  readonly id: number;
  readonly log: RetentionLog;
  readonly #window: number;
  readonly #reader: LogReader;
  #next: number;
  #sent: Sent[] = [];
  #unconfirmed = 0;
  #ended = false;

  constructor(id: number, log: RetentionLog, from: number, window: number) {
    this.id = id;
    this.log = log;
    this.#window = window;
    this.#next = from;
    this.#reader = log.attach(from);
  }

  /** The next record to send; undefined when there is none, or too much is unconfirmed. */
  take(): Packet | undefined {
    if (this.#ended || this.#unconfirmed >= this.#window || this.#sent.length >= MOST_RECORDS) return undefined;
    const kept = this.log.at(this.#next);
    if (!kept) return undefined;
    this.#next = kept.last + 1;
    const buffers = frames(kept.type, this.id, kept.seq, kept.payload);
    const bytes = kept.payload.length + (buffers.length / 2) * FRAME_HEADER_BYTES;
    this.#unconfirmed += bytes;
    this.#sent.push({ seq: kept.seq, last: kept.last, bytes });
    if (kept.type === RECORD_TYPES.finished) {
      this.#ended = true;
      buffers.push(header(FRAME.end, this.id, 0, 0));
    }
    kept.block?.retain();
    return { buffers, bytes, block: kept.block };
  }

  /** Everything up to `seq` was delivered. True when nothing more can happen on this channel. */
  confirm(seq: number): boolean {
    let count = 0;
    let last = 0;
    for (const sent of this.#sent) {
      if (sent.seq > seq) break;
      count++;
      last = sent.last;
      this.#unconfirmed -= sent.bytes;
    }
    this.#sent.splice(0, count);
    if (count > 0) this.log.confirm(this.#reader, last);
    return this.#ended && this.#sent.length === 0;
  }

  close(): void {
    this.#ended = true;
    this.log.detach(this.#reader);
  }
}

/** A record as pairs of a header and a view of its payload: nothing is copied. */
function frames(type: number, channel: number, seq: number, payload: Uint8Array): Uint8Array[] {
  const buffers: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += MAX_FRAME_PAYLOAD) {
    const part = payload.subarray(at, at + MAX_FRAME_PAYLOAD);
    const more = at + part.length < payload.length ? FRAME_MORE : 0;
    buffers.push(header(type | more, channel, seq, part.length), part);
  }
  return buffers;
}
