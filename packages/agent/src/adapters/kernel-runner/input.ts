/**
 * Input of one run. The runner takes one text for each request, as it is, and keeps what comes too early for whatever run asks next:
 * so texts wait here until the run asks.
 */
import { BerthError } from '@berth/wire';

interface Text {
  readonly text: string;
  /** Offset of the byte after it. */
  readonly upTo: number;
  readonly taken: () => void;
}

export class RunInput {
  readonly #texts: Text[] = [];
  /** Bytes that were handed over or wait here. */
  #reached: number;
  #ended = false;

  /** `reached`: bytes that an earlier life handed over. */
  constructor(reached: number) {
    this.#reached = reached;
  }

  /**
   * One answer, whose first byte has number `offset`; bytes that are here already are skipped. Resolves with the offset reached once
   * it was handed over. Errors: `bad-request` when bytes are missing before `offset`.
   */
  add(offset: number, data: Buffer, end: boolean): Promise<number> {
    if (offset > this.#reached) {
      const message = `input goes on at byte ${this.#reached}, not at ${offset}`;
      return Promise.reject(new BerthError('bad-request', message, { fields: { taken: this.#reached } }));
    }
    this.#ended ||= end;
    const fresh = data.subarray(this.#reached - offset);
    // The empty text is an answer too, unless it only says that it is the end, or was here before.
    if (fresh.length === 0 && (end || data.length > 0)) return Promise.resolve(this.#reached);
    const upTo = (this.#reached += fresh.length);
    return new Promise((resolve) => this.#texts.push({ text: fresh.toString(), upTo, taken: () => resolve(upTo) }));
  }

  /** The next answer to a request; the empty text when nothing will come; undefined when there is none yet. */
  next(): { readonly text: string; readonly upTo: number } | undefined {
    return this.#texts[0] ?? (this.#ended ? { text: '', upTo: this.#reached } : undefined);
  }

  /** What {@link next} gave was handed over. */
  handedOver(): void {
    this.#texts.shift()?.taken();
  }

  /** The run is over: what is left goes nowhere, as in a pipe that nobody reads. */
  discard(): void {
    for (const { taken } of this.#texts.splice(0)) taken();
  }
}
