/** The memory that all runs share for their output. */
import { References, type Block } from './block.js';

const LARGEST = 256 * 1024;
const SMALLEST = 4 * 1024;
/** Free blocks of the largest size that are kept: what flows through quickly shall not become work for the garbage collector. */
const POOLED = 32;

/** Hands out blocks within a budget. Who holds memory that nobody waits for any more is asked to give it up first. */
export class SharedMemory {
  readonly #limit: number;
  #used = 0;
  readonly #pool: Uint8Array[] = [];
  readonly #holders = new Set<MemoryHolder>();

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
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

  /** True when a block of `size` bytes can be had. */
  hasRoom(size: number): boolean {
    if (this.#used + size <= this.#limit) return true;
    for (const holder of this.#holders) {
      holder.dropDelivered();
      if (this.#used + size <= this.#limit) return true;
    }
    return false;
  }

  /** A block of exactly `size` bytes, whatever the budget says: ask {@link hasRoom} first. */
  take(size: number): Block {
    this.#used += size;
    const bytes = (size === LARGEST && this.#pool.pop()) || new Uint8Array(size);
    return new MemoryBlock(bytes, () => {
      this.#used -= size;
      if (size === LARGEST && this.#pool.length < POOLED) this.#pool.push(bytes);
      for (const holder of this.#holders) holder.roomMade();
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

/** Size of the block after one of `previous` bytes: small for runs that say little, growing for those that say much. */
export const nextBlockSize = (previous: number): number => Math.min(LARGEST, Math.max(SMALLEST, previous * 4));

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
