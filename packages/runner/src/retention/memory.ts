/** The memory that all runs share for their output. */
import type { Clock } from '@berth/base';
import { References, type Block } from './block.js';

const LARGEST = 256 * 1024;
const SMALLEST = 4 * 1024;
/**
 * Bytes of budget for each kept record, which is noted in memory wherever its payload lies. A note takes about 80 bytes outside
 * of the budget.
 */
const BYTES_PER_RECORD = 256;
/** So long free blocks are kept: what flows through quickly shall not become garbage, which is collected too late. */
const KEEP_MS = 2000;

/** Hands out blocks within a budget. Who holds memory that nobody waits for any more is asked to give it up first. */
export class SharedMemory {
  readonly #limit: number;
  #used = 0;
  readonly #mostRecords: number;
  #records = 0;
  readonly #clock: Clock;
  /** Free blocks of the largest size. */
  #pool: Uint8Array[] = [];
  #emptying = false;
  readonly #holders = new Set<MemoryHolder>();

  /** `limit` in bytes. */
  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#mostRecords = limit / BYTES_PER_RECORD;
    this.#clock = clock;
  }

  get used(): number {
    return this.#used;
  }

  /** True when more was taken than the budget allows. */
  get overdrawn(): boolean {
    return this.#used > this.#limit;
  }

  join(holder: MemoryHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: MemoryHolder): void {
    this.#holders.delete(holder);
  }

  /** Size of the block after one of `previous` bytes: small for runs that say little, growing for those that say much. */
  nextSize(previous: number): number {
    return Math.max(SMALLEST, Math.min(LARGEST, previous * 4, this.#limit / 8));
  }

  /** True when a block of `size` bytes can be had. */
  hasRoom(size: number): boolean {
    if (this.#used + size <= this.#limit) return true;
    for (const holder of this.#holders) {
      holder.dropDelivered();
      if (this.#used + size <= this.#limit) return true;
    }
    return false;
  }

  /** True when one more record can be noted. */
  hasRoomForRecord(): boolean {
    if (this.#records < this.#mostRecords) return true;
    for (const holder of this.#holders) {
      holder.dropDelivered();
      if (this.#records < this.#mostRecords) return true;
    }
    return false;
  }

  /** A record was noted, or its note is gone. */
  countRecord(change: 1 | -1): void {
    const wasFull = this.#records >= this.#mostRecords;
    this.#records += change;
    if (wasFull && this.#records < this.#mostRecords) for (const holder of this.#holders) holder.roomMade();
  }

  /** A block of exactly `size` bytes, whatever the budget says: ask {@link hasRoom} first. */
  take(size: number): Block {
    this.#used += size;
    const bytes = (size === LARGEST && this.#pool.pop()) || new Uint8Array(size);
    return new MemoryBlock(bytes, () => {
      this.#used -= size;
      if (size === LARGEST) this.#keep(bytes);
      for (const holder of this.#holders) holder.roomMade();
    });
  }

  #keep(bytes: Uint8Array): void {
    if ((this.#pool.length + 1) * LARGEST > this.#limit) return;
    this.#pool.push(bytes);
    if (this.#emptying) return;
    this.#emptying = true;
    this.#clock.after(KEEP_MS, () => {
      this.#emptying = false;
      this.#pool = [];
    });
  }
}

/** A user of {@link SharedMemory}. */
export interface MemoryHolder {
  /** Give up what was delivered. */
  dropDelivered(): void;
  /** Somebody gave memory back. */
  roomMade(): void;
}

class MemoryBlock implements Block {
  readonly #bytes: Uint8Array;
  readonly #references: References;
  used = 0;

  constructor(bytes: Uint8Array, free: () => void) {
    this.#bytes = bytes;
    this.#references = new References(free);
  }

  get size(): number {
    return this.#bytes.length;
  }

  append(data: Uint8Array): boolean {
    this.#bytes.set(data, this.used);
    this.used += data.length;
    return true;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }

  retain(): void {
    this.#references.retain();
  }

  release(): void {
    this.#references.release();
  }
}
