/** One record channel on a link. Parts of a split record are held until it is whole, so that a batch never ends within a record. */
import { AsyncQueue } from '@berth/base';
import type { Frame, RunStream } from '@berth/wire';
import { PartCollector } from './parts.js';

export interface StreamControl {
  ack(seq: number): void;
  close(): void;
}

export class ChannelStream implements RunStream {
  readonly #control: StreamControl;
  readonly #queue = new AsyncQueue<readonly Frame[]>();
  #batch: Frame[] = [];
  readonly #parts = new PartCollector();

  constructor(control: StreamControl) {
    this.#control = control;
  }

  /** A record frame arrived; handed on by the next {@link flush}. */
  record(frame: Frame): void {
    try {
      const whole = this.#parts.add(frame);
      if (whole) this.#batch.push(...whole);
    } catch (error) {
      this.end(error as Error);
      this.#control.close();
    }
  }

  /** Hands on what has arrived. */
  flush(): void {
    if (this.#batch.length === 0) return;
    this.#queue.push(this.#batch);
    this.#batch = [];
  }

  /** Nothing follows; with an error the iteration rejects after what has arrived. */
  end(error?: Error): void {
    this.flush();
    if (error) this.#queue.fail(error);
    else this.#queue.end();
  }

  ack(seq: number): void {
    this.#control.ack(seq);
  }

  close(): void {
    this.#control.close();
    this.#queue.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly Frame[]> {
    return this.#queue[Symbol.asyncIterator]();
  }
}
