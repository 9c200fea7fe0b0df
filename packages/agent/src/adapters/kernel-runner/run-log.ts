/**
 * Records of one run, on disk in the frames that readers get: `<index>-<first record>.records`, in segments, so that what was
 * confirmed can go. Written without waiting, one call per message: what was read from the kernel is in the file before anything
 * else happens, and a killed agent has lost none of it. Not synced: a machine that goes down takes the kernel along.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFrames, FRAME_HEADER_BYTES, RECORD_TYPES, type Finished, type Frame } from '@berth/wire';
import { finishedOf, type Unnumbered } from './outputs.js';
import { readFrames, wholeRecords } from './segment.js';

const SEGMENT_BYTES = 1024 * 1024;

interface Segment {
  readonly first: number;
  readonly path: string;
  bytes: number;
}

/** Where a reader is: the segment that begins with record `first`, at `offset` bytes. */
export interface Cursor {
  first: number;
  offset: number;
}

export class RunLog {
  /** Highest record so far; 0 when there is none. */
  highest = 0;
  /** Highest record that a reader confirmed. */
  acknowledged = 0;
  /** Bytes that confirmed segments had. */
  droppedBytes = 0;
  finished: Finished | null = null;
  /** Last record that asks for input, and the code of the last build; of what the last segment shows. */
  lastWaiting = 0;
  buildCode: number | null = null;
  readonly #prefix: string;
  readonly #segments: Segment[] = [];
  #writing: number | undefined;

  /** `index` is the run's in `directory`. */
  constructor(directory: string, index: number) {
    this.#prefix = join(directory, `${index}-`);
  }

  /** What an earlier life left: `firsts` are the first records of its segments. A record that a crash tore is cut off. */
  recover(firsts: readonly number[]): void {
    for (const first of [...firsts].sort((a, b) => a - b)) this.#segments.push(this.#segment(first));
    const last = this.#segments.at(-1);
    for (const segment of this.#segments) segment.bytes = readFileSync(segment.path).length;
    if (!last) return;
    const { frames, bytes } = wholeRecords(readFileSync(last.path));
    if (bytes < last.bytes) truncateSync(last.path, bytes);
    last.bytes = bytes;
    this.highest = last.first - 1;
    for (const frame of frames) this.#seen(frame.seq, frame.type, frame.payload, frame.more);
  }

  /** Drops the records from `seq` on: the beginning of a message whose rest a crash cut off. They were written together. */
  cutBack(seq: number): void {
    const last = this.#segments.at(-1)!;
    const { offset } = this.cursor(seq);
    truncateSync(last.path, offset);
    last.bytes = offset;
    this.highest = seq - 1;
  }

  /** First record that is still kept. */
  get lowest(): number {
    return this.#segments[0]?.first ?? 1;
  }

  /** On disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Numbers and keeps `records`: all of them, or none when the disk is full, and then it throws. */
  append(records: readonly Unnumbered[]): void {
    const chunk = Buffer.concat(records.map(({ type, payload }, i) => encodeFrames(type, 0, this.highest + 1 + i, payload)));
    const segment = this.#segmentFor();
    for (let done = 0; done < chunk.length;) {
      try {
        done += writeSync(this.#writing!, chunk, done);
      } catch (error) {
        ftruncateSync(this.#writing!, segment.bytes);
        throw error;
      }
    }
    segment.bytes += chunk.length;
    for (const { type, payload } of records) this.#seen(this.highest + 1, type, payload, false);
  }

  /** All records up to `seq` were delivered. */
  acknowledge(seq: number): void {
    if (seq <= this.acknowledged) return;
    this.acknowledged = Math.min(seq, this.highest);
    // The last one stays for late readers.
    while (this.#segments.length > 1 && this.#segments[1]!.first <= this.acknowledged + 1) {
      const { path, bytes } = this.#segments.shift()!;
      this.droppedBytes += bytes;
      rmSync(path, { force: true });
    }
  }

  /** Where record `seq` is, or the first one kept after it. */
  cursor(seq: number): Cursor {
    const at = this.#segments.findLast(({ first }) => first <= seq) ?? this.#segments[0];
    if (!at) return { first: 1, offset: 0 };
    let offset = 0;
    for (const frame of readFrames(at.path, 0, at.bytes, at.bytes).frames) {
      if (frame.seq >= seq) break;
      offset += FRAME_HEADER_BYTES + frame.payload.length;
    }
    return { first: at.first, offset };
  }

  /** Whole records from `cursor` on, about `bytes` of them, at least one when there is one; moves the cursor behind them. */
  read(cursor: Cursor, bytes: number): readonly Frame[] {
    const index = this.#segments.findIndex(({ first }) => first === cursor.first);
    const segment = this.#segments[index];
    if (!segment) return [];
    const { frames, end } = readFrames(segment.path, cursor.offset, segment.bytes, bytes);
    cursor.offset = end;
    const next = this.#segments[index + 1];
    if (end < segment.bytes || !next) return frames;
    cursor.first = next.first;
    cursor.offset = 0;
    return frames.length > 0 ? frames : this.read(cursor, bytes);
  }

  close(): void {
    if (this.#writing !== undefined) closeSync(this.#writing);
    this.#writing = undefined;
  }

  remove(): void {
    this.close();
    for (const { path } of this.#segments.splice(0)) rmSync(path, { force: true });
  }

  #seen(seq: number, type: number, payload: Uint8Array, more: boolean): void {
    if (more) return;
    this.highest = seq;
    if (type === RECORD_TYPES['waiting-input']) this.lastWaiting = seq;
    if (type === RECORD_TYPES['build-finished'])
      this.buildCode = (JSON.parse(Buffer.from(payload).toString()) as { exitCode: number }).exitCode;
    if (type === RECORD_TYPES.finished) this.finished = finishedOf(payload) ?? null;
  }

  #segment(first: number): Segment {
    return { first, path: `${this.#prefix}${first}.records`, bytes: 0 };
  }

  #segmentFor(): Segment {
    let last = this.#segments.at(-1);
    if (!last || last.bytes >= SEGMENT_BYTES) {
      last = this.#segment(this.highest + 1);
      const opened = openSync(last.path, 'w', 0o600);
      this.close();
      this.#writing = opened;
      this.#segments.push(last);
    }
    this.#writing ??= openSync(last.path, 'a', 0o600);
    return last;
  }
}
