/** A run's stream that outlives links: when the runner link is lost and found again, it goes on with the next record. */
import {
  BerthError,
  decodeRecord,
  isBerthError,
  recordTypeOf,
  type AttachOptions,
  type Frame,
  type RunId,
  type RunStream,
} from '@berth/wire';
import type { RunnerChannel } from '../ports/channel.js';

export class LastingStream implements RunStream {
  readonly #nextChannel: (signal: AbortSignal) => Promise<RunnerChannel>;
  readonly #run: RunId;
  readonly #options: AttachOptions;
  /** Ends the search for a new link. */
  #search: AbortController | undefined;
  #closed = false;
  #inner: RunStream;
  #next: number;

  /**
   * @param inner the first attachment, made by the caller so that an unknown run is told at once
   * @param nextChannel the channel after a lost one; rejects when there will be none
   */
  constructor(
    inner: RunStream,
    run: RunId,
    options: AttachOptions,
    nextChannel: (signal: AbortSignal) => Promise<RunnerChannel>,
  ) {
    this.#inner = inner;
    this.#run = run;
    this.#options = options;
    this.#next = options.from;
    this.#nextChannel = nextChannel;
  }

  ack(seq: number): void {
    this.#inner.ack(seq);
  }

  close(): void {
    this.#closed = true;
    this.#search?.abort(new BerthError('cancelled', 'the stream was closed'));
    this.#inner.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly Frame[]> {
    try {
      while (!this.#closed) {
        try {
          for await (const batch of this.#inner) {
            const last = batch.at(-1)!;
            this.#next = lastRecordOf(last) + 1;
            yield batch;
            // The link may be lost before it says that nothing follows.
            if (recordTypeOf(last.type) === 'finished') return;
          }
          return;
        } catch (error) {
          if (!isBerthError(error) || error.code !== 'runner-lost') throw error;
          await this.#reattach();
        }
      }
    } finally {
      this.close();
    }
  }

  /** Rejects when the kernel is over or the node stops; comes back without a new attachment when the stream was closed. */
  async #reattach(): Promise<void> {
    if (this.#closed) return;
    this.#search ??= new AbortController();
    const { signal } = this.#search;
    while (!signal.aborted) {
      try {
        const channel = await this.#nextChannel(signal);
        this.#inner = await channel.attach(this.#run, { ...this.#options, from: this.#next });
        return;
      } catch (error) {
        if (!signal.aborted && (!isBerthError(error) || error.code !== 'runner-lost')) throw error;
      }
    }
  }
}

/** Number of the last record that a whole record's frame stands for: a gap stands for several. */
function lastRecordOf(frame: Frame): number {
  if (recordTypeOf(frame.type) !== 'gap') return frame.seq;
  const record = decodeRecord('gap', frame.seq, frame.payload);
  return record.type === 'gap' ? record.upTo : frame.seq;
}
