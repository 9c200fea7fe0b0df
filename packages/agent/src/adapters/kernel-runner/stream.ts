/** One reader of a run: records from the spool, as many as its window allows, then as they come. */
import { AsyncQueue } from '@berth/base';
import {
  type BerthError,
  encodeFrames,
  FRAME_HEADER_BYTES,
  parseFrame,
  RECORD_TYPES,
  type Frame,
  type RunStream,
} from '@berth/wire';
import { unnumbered } from './outputs.js';
import type { Cursor, RunLog } from './run-log.js';

const BATCH_BYTES = 256 * 1024;
/** As on our own runner's link. */
const MOST_RECORDS = 4096;

export interface StreamGround {
  readonly log: RunLog;
  acknowledged(seq: number): void;
  closed(): void;
}

export class SpoolStream implements RunStream {
  readonly #ground: StreamGround;
  readonly #windowBytes: number;
  readonly #queue = new AsyncQueue<readonly Frame[]>();
  #unconfirmed: { readonly seq: number; readonly bytes: number }[] = [];
  #unconfirmedBytes = 0;
  #next: number;
  #cursor: Cursor;
  #over = false;

  constructor(ground: StreamGround, from: number, windowBytes: number) {
    this.#ground = ground;
    this.#windowBytes = windowBytes;
    this.#next = from;
    this.#cursor = ground.log.cursor(from);
    this.pump();
  }

  /** Hands on what there is, as far as the window allows. */
  pump(): void {
    const { log } = this.#ground;
    while (!this.#over) {
      if (log.finished && this.#next > log.highest) return this.#end();
      if (this.#unconfirmedBytes >= this.#windowBytes || this.#unconfirmed.length >= MOST_RECORDS) return;
      if (this.#next < log.lowest) this.#skipTo(log.lowest);
      const room = Math.min(BATCH_BYTES, Math.max(1, this.#windowBytes - this.#unconfirmedBytes));
      const frames = log.read(this.#cursor, room);
      if (frames.length === 0) return;
      this.#hand(frames);
    }
  }

  /** Nothing will come any more. */
  fail(error: BerthError): void {
    this.#over = true;
    this.#queue.fail(error);
  }

  ack(seq: number): void {
    while (this.#unconfirmed.length > 0 && this.#unconfirmed[0]!.seq <= seq) {
      this.#unconfirmedBytes -= this.#unconfirmed.shift()!.bytes;
    }
    this.#ground.acknowledged(Math.min(seq, this.#next - 1));
    this.pump();
  }

  close(): void {
    this.#end();
    this.#ground.closed();
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly Frame[]> {
    return this.#queue[Symbol.asyncIterator]();
  }

  #end(): void {
    this.#over = true;
    this.#queue.end();
  }

  #hand(frames: readonly Frame[]): void {
    const wanted = frames.filter(({ seq }) => seq >= this.#next);
    if (wanted.length === 0) return;
    for (const { seq, payload } of wanted) {
      const bytes = payload.length + FRAME_HEADER_BYTES;
      this.#unconfirmed.push({ seq, bytes });
      this.#unconfirmedBytes += bytes;
    }
    this.#next = wanted.at(-1)!.seq + 1;
    this.#queue.push(wanted);
  }

  /** What was confirmed by another reader is gone. */
  #skipTo(lowest: number): void {
    const { log } = this.#ground;
    const gap = unnumbered({ type: 'gap', upTo: lowest - 1, bytes: log.droppedBytes });
    const frame = parseFrame(encodeFrames(RECORD_TYPES.gap, 0, this.#next, gap.payload).subarray(4));
    this.#cursor = log.cursor(lowest);
    this.#unconfirmed.push({ seq: lowest - 1, bytes: frame.payload.length });
    this.#unconfirmedBytes += frame.payload.length;
    this.#next = lowest;
    this.#queue.push([frame]);
  }
}
