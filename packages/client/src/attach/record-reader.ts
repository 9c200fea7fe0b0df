/** From frames to whole records, each once: the part of an attachment that must never be wrong. No effects. */
import { BerthError, decodeRecord, MAX_JOINED_PAYLOAD, recordTypeOf, type Frame, type RunRecord } from '@berth/wire';

export class RecordReader {
  #next: number;
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  /** @param from number of the first record wanted */
  constructor(from: number) {
    this.#next = from;
  }

  /** The record to ask for when the connection is lost now. */
  get next(): number {
    return this.#next;
  }

  /** A connection begins: what an earlier one brought of an unfinished record comes again in whole. */
  restart(): void {
    this.#parts = [];
    this.#partBytes = 0;
  }

  /** The record that `frame` completes, if any. Errors: `internal` when the node skips a record or sends an endless one. */
  take(frame: Frame): RunRecord | undefined {
    const type = recordTypeOf(frame.type);
    if (type === undefined) return undefined;
    if (frame.more || this.#parts.length > 0) {
      this.#parts.push(frame.payload);
      this.#partBytes += frame.payload.length;
      if (this.#partBytes > MAX_JOINED_PAYLOAD) throw new BerthError('internal', `record ${frame.seq} is too large`);
      if (frame.more) return undefined;
    }
    const payload = this.#parts.length > 0 ? Buffer.concat(this.#parts) : frame.payload;
    this.restart();
    return this.#accept(decodeRecord(type, frame.seq, payload));
  }

  #accept(record: RunRecord): RunRecord | undefined {
    const last = record.type === 'gap' ? record.upTo : record.seq;
    if (last < this.#next) return undefined;
    if (record.seq > this.#next) {
      throw new BerthError('internal', `the node sent record ${record.seq} instead of ${this.#next}`);
    }
    const first = this.#next;
    this.#next = last + 1;
    // A gap that begins before what was asked for tells only of what is missing here.
    return record.seq === first ? record : { ...record, seq: first };
  }
}
