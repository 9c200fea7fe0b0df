/** Most positions that are remembered. */
const MARKS = 64;

/** What was dropped at the beginning of a log after it had been delivered: how many records, how many bytes. */
export class DroppedPrefix {
  /** Highest dropped record; 0 when nothing was. */
  upTo = 0;
  /** Bytes of all dropped records. */
  bytes = 0;
  /** Bytes up to and including a record, for the places where readers stood: that is where they come back to. */
  readonly #marks = new Map<number, number>();

  extend(upTo: number, bytes: number): void {
    this.upTo = upTo;
    this.bytes += bytes;
  }

  /** Remembers that the records up to `seq` have `bytes` in all. */
  mark(seq: number, bytes: number): void {
    this.#marks.delete(seq);
    this.#marks.set(seq, bytes);
    if (this.#marks.size > MARKS) this.#marks.delete(this.#marks.keys().next().value!);
  }

  /**
   * Bytes of the dropped records from `seq` on. Exact from 1 and from where a reader stood when it left; else counted from the
   * nearest such place below, so that never too little is reported.
   */
  bytesFrom(seq: number): number {
    let below = 0;
    let before = 0;
    for (const [place, bytes] of this.#marks) {
      if (place < seq && place >= below) {
        below = place;
        before = bytes;
      }
    }
    return this.bytes - Math.min(before, this.bytes);
  }
}
