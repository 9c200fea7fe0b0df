/** The records of one run that are kept, in order. Numbers have no hole: what is missing in the middle is an entry of its own. */
import type { Block } from './block.js';

/** A kept record, or a gap. */
export interface Entry {
  /** Number of the record; of the first missing one for a gap. */
  readonly seq: number;
  /** The same; the last missing one for a gap. */
  readonly last: number;
  /** Frame type. */
  readonly type: number;
  /** Bytes of payload; bytes of output that are missing for a gap. */
  length: number;
  /** Where the payload lies; null for a gap. */
  readonly block: Block | null;
  readonly offset: number;
}

/** A queue that can also be looked into by record number. */
export class Entries {
  #items: (Entry | undefined)[] = [];
  #head = 0;
  readonly #counted: (change: 1 | -1) => void;
  /** Bytes of all kept payloads. */
  bytes = 0;

  /** `counted` hears of each entry that comes or goes. */
  constructor(counted: (change: 1 | -1) => void) {
    this.#counted = counted;
  }

  get count(): number {
    return this.#items.length - this.#head;
  }

  get first(): Entry | undefined {
    return this.#items[this.#head];
  }

  get last(): Entry | undefined {
    return this.#items.at(-1);
  }

  push(entry: Entry): void {
    this.#items.push(entry);
    this.bytes += sizeOf(entry);
    // A new block comes with one reference, which is its log's; each entry has one more.
    entry.block?.retain();
    this.#counted(1);
  }

  /** Makes the last entry longer by `bytes`, which were appended to its block. */
  extendLast(bytes: number): void {
    this.last!.length += bytes;
    this.bytes += bytes;
  }

  /** Takes the first entry out. */
  shift(): Entry {
    const entry = this.#items[this.#head]!;
    this.#items[this.#head++] = undefined;
    this.#gone(entry);
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /** Puts `replacement` in the place of the entries `begin` to `end - 1`, counted from the first kept one. */
  replace(begin: number, end: number, replacement: Entry): void {
    const removed = this.#items.splice(this.#head + begin, end - begin, replacement);
    this.#counted(1);
    for (const entry of removed) this.#gone(entry!);
  }

  /** The entry that holds record `seq`; undefined when it is below or above what is kept. */
  find(seq: number): Entry | undefined {
    let low = this.#head;
    let high = this.#items.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = this.#items[middle]!;
      if (seq < entry.seq) high = middle - 1;
      else if (seq > entry.last) low = middle + 1;
      else return entry;
    }
    return undefined;
  }

  /** All entries, oldest first. */
  list(): readonly Entry[] {
    return this.#items.slice(this.#head) as Entry[];
  }

  #gone(entry: Entry): void {
    this.bytes -= sizeOf(entry);
    entry.block?.release();
    this.#counted(-1);
  }
}

const sizeOf = (entry: Entry): number => (entry.block === null ? 0 : entry.length);
