/** One attachment to a run: records that have come and were not given yet. It asks for no more than a window while nobody confirms. */
import type { KernelId, KernelService, RunId, RunRecord, RunStream } from '@berth/wire';
import { recordsOf } from './records.js';

/** Above what a chunk takes (`CHUNK_LIMITS.bytes`), so that a full window is always a full chunk. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export class RunReader {
  /** Oldest first. Whoever gives some away takes them out with {@link drop}. */
  readonly records: RunRecord[] = [];
  readonly #stream: RunStream;
  readonly #onChange: (reader: RunReader) => void;
  #over: { readonly error: unknown } | undefined;
  #closed = false;

  private constructor(stream: RunStream, onChange: (reader: RunReader) => void) {
    this.#stream = stream;
    this.#onChange = onChange;
    void this.#read();
  }

  /** `onChange` is called after records came and when none will. Errors as of `attachRun`. */
  static async open(
    service: KernelService,
    kernel: KernelId,
    run: RunId,
    from: number,
    onChange: (reader: RunReader) => void,
  ): Promise<RunReader> {
    return new RunReader(await service.attachRun(kernel, run, { from, windowBytes: WINDOW_BYTES }), onChange);
  }

  /** Set when nothing more will come; its `error` is undefined after a regular end. */
  get over(): { readonly error: unknown } | undefined {
    return this.#over;
  }

  /** Takes out all records below number `next`. */
  drop(next: number): void {
    let count = 0;
    while (count < this.records.length && lastOf(this.records[count]!) < next) count++;
    this.records.splice(0, count);
  }

  ack(seq: number): void {
    this.#stream.ack(seq);
  }

  close(): void {
    this.#closed = true;
    this.#stream.close();
  }

  async #read(): Promise<void> {
    try {
      for await (const batch of this.#stream) {
        if (this.#closed) return;
        for (const record of recordsOf(batch)) this.records.push(record);
        this.#onChange(this);
      }
      this.#over = { error: undefined };
    } catch (error) {
      this.#over = { error };
    }
    this.#onChange(this);
  }
}

/** Number of the last record that it stands for. */
export const lastOf = (record: RunRecord): number => (record.type === 'gap' ? record.upTo : record.seq);
