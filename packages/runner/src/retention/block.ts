/** A stretch of memory or disk that holds the payloads of consecutive records. It lives while somebody refers to it. */
export interface Block {
  readonly size: number;
  /** Bytes written so far. */
  readonly used: number;
  /** Appends; the caller has checked that it fits. False when the disk did not take it: nothing has changed then. */
  append(data: Uint8Array): boolean;
  /** Bytes that were appended. For memory a view, valid while the block is referred to; for disk a copy. */
  read(offset: number, length: number): Uint8Array;
  /** One more, or one fewer, refers to this block. It is made with one; the last one gone frees it. */
  retain(): void;
  release(): void;
}

/** Counts who refers to something, and frees it after the last. */
export class References {
  #count = 1;
  readonly #free: () => void;

  constructor(free: () => void) {
    this.#free = free;
  }

  retain(): void {
    this.#count++;
  }

  release(): void {
    if (--this.#count === 0) this.#free();
  }
}
