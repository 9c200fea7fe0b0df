/** The output of one run: appended by its processes, read by channels, kept by the rules of docs/runner-protocol.md (Retention). */
import type { Clock, Timer } from '@berth/base';
import { RECORD_TYPES, type RetentionLimits } from '@berth/wire';
import type { Block } from './block.js';
import { DroppedPrefix } from './dropped.js';
import { Entries, type Entry } from './entries.js';
import type { MemoryHolder, SharedMemory } from './memory.js';
import { middleOf, place } from './policy.js';
import type { Spill } from './spill.js';

/** Output is joined into records of at most this many bytes while nobody has seen them. */
const JOINED_BYTES = 64 * 1024;
/** What an entry costs beside its payload, roughly. */
const ENTRY_BYTES = 64;
/** So long a reader may keep the program waiting before its output goes to the disk. */
const PATIENCE_MS = 100;

export interface LogOptions {
  readonly limits: RetentionLimits;
  readonly memory: SharedMemory;
  readonly spill: Spill;
  readonly clock: Clock;
  readonly durable: boolean;
  /** True while an agent is connected; call {@link RetentionLog.reconsider} when it changes. */
  readonly agentConnected: () => boolean;
}

/** A record, or a gap, on its way to a reader. */
export interface Kept {
  readonly seq: number;
  /** The same as `seq`, except for a gap. */
  readonly last: number;
  readonly type: number;
  readonly payload: Uint8Array;
  /** Holds the payload; retain it as long as the payload is used. Null: the payload stands alone. */
  readonly block: Block | null;
}

/** The place of one channel in the log. While it is open, nothing above its confirmed position is dropped. */
export interface LogReader {
  /** Highest record confirmed here. */
  confirmed: number;
}

export class RetentionLog implements MemoryHolder {
  /** Called when there is something new to read. */
  onAppend: () => void = () => {};
  /** Called when {@link full} has become false. */
  onRoom: () => void = () => {};

  readonly #options: LogOptions;
  readonly #entries: Entries;
  readonly #dropped = new DroppedPrefix();
  readonly #readers = new Set<LogReader>();
  #current: Block | undefined;
  #onDisk = false;
  #blockSize = 0;
  #highest = 0;
  /** Records up to here were shown to somebody and change no more. */
  #sealed = 0;
  #acknowledged = 0;
  /** Entries up to here are delivered, and have so many bytes. */
  #delivered = 0;
  #deliveredBytes = 0;
  #full = false;
  #lagging = false;
  #patience: Timer | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#entries = new Entries((change) => options.memory.countRecord(change));
    options.memory.join(this);
  }

  get lowest(): number {
    return this.#dropped.upTo + 1;
  }

  get highest(): number {
    return this.#highest;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Bytes of this run on disk. */
  get spilled(): number {
    return this.#options.spill.used;
  }

  /** True when whoever writes must wait for {@link onRoom}. What is written nevertheless is kept. */
  get full(): boolean {
    return this.#full;
  }

  /** Adds standard output or error, joined with what came before where nobody has seen that yet. `data` is copied. */
  write(type: number, data: Uint8Array): void {
    for (let rest = data; rest.length > 0;) {
      const taken = this.#extend(type, rest) || this.#begin(type, rest, Math.min(rest.length, JOINED_BYTES));
      rest = rest.subarray(taken);
    }
    this.#appended();
  }

  /** Adds one whole record. Throws RangeError without a payload: it would have no place. */
  add(type: number, payload: Uint8Array): void {
    if (payload.length === 0) throw new RangeError('a record without a payload');
    while (!this.#begin(type, payload, payload.length, true));
    this.#appended();
  }

  /** From now on the records so far stay as they are. */
  seal(): void {
    this.#sealed = this.#highest;
  }

  /** What a reader gets that wants record `seq`: it, or the gap that stands for it. Undefined when there is nothing yet. */
  at(seq: number): Kept | undefined {
    if (seq > this.#highest) return undefined;
    if (seq <= this.#dropped.upTo) return gap(seq, this.#dropped.upTo, this.#dropped.bytesFrom(seq));
    const entry = this.#entries.find(seq)!;
    this.#sealed = Math.max(this.#sealed, entry.last);
    const { block } = entry;
    if (block === null) return gap(entry.seq, entry.last, entry.length);
    return { seq, last: seq, type: entry.type, payload: block.read(entry.offset, entry.length), block };
  }

  /** Registers a reader that wants records from `from` on. */
  attach(from: number): LogReader {
    const reader = { confirmed: from - 1 };
    this.#readers.add(reader);
    this.reconsider();
    return reader;
  }

  detach(reader: LogReader): void {
    if (!this.#readers.delete(reader)) return;
    if (reader.confirmed >= this.#dropped.upTo) this.#dropped.mark(reader.confirmed, this.#bytesThrough(reader.confirmed));
    this.#settle();
    this.reconsider();
  }

  /** `reader` has delivered everything up to `seq`. */
  confirm(reader: LogReader, seq: number): void {
    if (seq <= reader.confirmed) return;
    reader.confirmed = Math.min(seq, this.#highest);
    this.#acknowledged = Math.max(this.#acknowledged, reader.confirmed);
    this.#settle();
    this.reconsider();
  }

  /** Something changed that decides whether the writer must wait. */
  reconsider(): void {
    // A block that was taken although there was no room is no invitation to fill it.
    const { memory } = this.#options;
    const fits = this.#continues(1) && (this.#onDisk || !memory.overdrawn) && memory.hasRoomForRecord();
    // Asking for memory can make room, and so bring us here again: only what stands after that counts.
    const full = !fits && this.#placement(memory.nextSize(this.#blockSize)) === 'block';
    const roomCame = this.#full && !full;
    this.#full = full;
    if (!full) {
      this.#patience?.cancel();
      this.#patience = undefined;
    } else if (this.#readers.size > 0 && !this.#lagging) {
      this.#patience ??= this.#options.clock.after(PATIENCE_MS, () => {
        this.#patience = undefined;
        this.#lagging = true;
        this.reconsider();
      });
    }
    if (roomCame) this.onRoom();
  }

  dropDelivered(): void {
    this.#dropDownTo(0);
  }

  roomMade(): void {
    if (this.#full) this.reconsider();
  }

  /** Forgets everything. */
  discard(): void {
    this.#options.memory.leave(this);
    this.#patience?.cancel();
    while (this.#entries.count > 0) this.#entries.shift();
    this.#close();
  }

  #appended(): void {
    this.reconsider();
    this.onAppend();
  }

  /** Makes the last record longer; bytes taken, or 0 when it cannot be. */
  #extend(type: number, data: Uint8Array): number {
    const last = this.#entries.last;
    if (!last || last.type !== type || last.last <= this.#sealed || last.block !== this.#current) return 0;
    const count = Math.min(data.length, JOINED_BYTES - last.length);
    if (count <= 0 || !this.#continues(1)) return 0;
    const taken = this.#put(data, count);
    this.#entries.extendLast(taken);
    return taken;
  }

  /** Begins a record with up to `count` bytes of `data`, all of them if it must stay `whole`; bytes taken, 0 to try again. */
  #begin(type: number, data: Uint8Array, count: number, whole = false): number {
    const least = whole ? count : 1;
    if (!this.#options.memory.hasRoomForRecord() && this.#placement(least) === 'elide') this.#elide();
    if (!this.#continues(least)) this.#open(least);
    const block = this.#current!;
    const offset = block.used;
    const length = this.#put(data, count);
    if (length === 0) return 0;
    this.#highest++;
    this.#entries.push({ seq: this.#highest, last: this.#highest, type, length, block, offset });
    return length;
  }

  /** Appends up to `count` bytes to the current block; 0 when its disk refuses, and the block is closed. */
  #put(data: Uint8Array, count: number): number {
    const block = this.#current!;
    const part = data.subarray(0, Math.min(count, block.size - block.used));
    if (block.append(part)) return part.length;
    this.#close();
    return 0;
  }

  /** True when the current block takes `bytes` more and is still the right place. */
  #continues(bytes: number): boolean {
    const block = this.#current;
    if (!block || block.size - block.used < bytes) return false;
    if (!this.#onDisk) return true;
    return this.#options.spill.hasRoom(JOINED_BYTES) && this.#delivered < this.#highest;
  }

  /** Closes the current block and opens one with room for `bytes`. */
  #open(bytes: number): void {
    this.#close();
    const size = Math.max(bytes, this.#options.memory.nextSize(this.#blockSize));
    let where = this.#placement(size, bytes);
    if (where === 'elide') {
      this.#elide();
      where = this.#placement(size, bytes);
    }
    const file = where === 'disk' ? this.#options.spill.take(bytes) : undefined;
    this.#onDisk = file !== undefined;
    this.#current = file ?? this.#options.memory.take(size);
    if (!file) this.#blockSize = size;
  }

  #close(): void {
    const block = this.#current;
    this.#current = undefined;
    block?.release();
  }

  /** Where the next block goes: one of `size` in memory, or one on disk that begins with `bytes`. */
  #placement(size: number, bytes = 0): ReturnType<typeof place> {
    const { memory, spill, durable, agentConnected } = this.#options;
    const noted = memory.hasRoomForRecord();
    return place({
      memory: noted && memory.hasRoom(size),
      disk: noted && spill.hasRoom(Math.max(bytes, JOINED_BYTES)),
      listening: this.#readers.size > 0,
      lagging: this.#lagging,
      durable,
      agent: agentConnected(),
    });
  }

  /** Drops the middle, keeping at most a quarter of what there is at either end: that makes room for long. */
  #elide(): void {
    this.dropDelivered();
    const { headBytes, tailBytes } = this.#options.limits;
    const most = Math.floor(this.#entries.bytes / 4);
    const list = this.#entries.list();
    const pieces = list.map(({ length, block }) => ({ length, gap: block === null }));
    const { begin, end } = middleOf(pieces, Math.min(headBytes, most), Math.min(tailBytes, most));
    if (begin >= end) return;
    const middle = list.slice(begin, end);
    const length = middle.reduce((sum, entry) => sum + entry.length, 0);
    const [first, last] = [middle[0]!, middle.at(-1)!];
    this.#entries.replace(begin, end, {
      seq: first.seq,
      last: last.last,
      type: RECORD_TYPES.gap,
      length,
      block: null,
      offset: 0,
    });
  }

  /** Moves the line between delivered and undelivered, and drops what is too much of the former. */
  #settle(): void {
    let floor = this.#acknowledged;
    for (const { confirmed } of this.#readers) floor = Math.min(floor, confirmed);
    for (let entry = this.#entries.find(this.#delivered + 1); entry && entry.last <= floor;) {
      this.#delivered = entry.last;
      this.#deliveredBytes += costOf(entry);
      entry = this.#entries.find(entry.last + 1);
    }
    if (this.#delivered === this.#highest) this.#lagging = false;
    this.#dropDownTo(this.#options.limits.deliveredBytes);
  }

  #dropDownTo(bytes: number): void {
    while (this.#deliveredBytes > bytes) {
      const entry = this.#entries.first;
      if (!entry || entry.last > this.#delivered) return;
      this.#deliveredBytes -= costOf(entry);
      this.#dropped.extend(entry.last, entry.length);
      // Last, since the room that it makes can bring us here again.
      this.#entries.shift();
    }
  }

  #bytesThrough(seq: number): number {
    let bytes = this.#dropped.bytes;
    for (const entry of this.#entries.list()) {
      if (entry.last > seq) break;
      bytes += entry.length;
    }
    return bytes;
  }
}

const costOf = ({ length, block }: Entry): number => ENTRY_BYTES + (block === null ? 0 : length);

const encoder = new TextEncoder();

function gap(seq: number, upTo: number, bytes: number): Kept {
  return { seq, last: upTo, type: RECORD_TYPES.gap, payload: encoder.encode(JSON.stringify({ upTo, bytes })), block: null };
}
