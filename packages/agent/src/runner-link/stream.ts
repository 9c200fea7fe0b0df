/** One record channel on a link. Parts of a split record are held until it is whole, so that a batch never ends within a record. */
import { AsyncQueue } from '@berth/base';
import { BerthError, MAX_JOINED_PAYLOAD, type Frame, type RunStream } from '@berth/wire';

export interface StreamControl {
  ack(seq: number): void;
  close(): void;
}

export class ChannelStream implements RunStream {
  readonly #control: StreamControl;
  readonly #queue = new AsyncQueue<readonly Frame[]>();
  #batch: Frame[] = [];
  #parts: Frame[] = [];
  #partBytes = 0;

  constructor(control: StreamControl) {
    this.#control = control;
  }

  /** A record frame arrived; handed on by the next {@link flush}. */
  record(frame: Frame): void {
    if (!frame.more && this.#parts.length === 0) {
      this.#batch.push(frame);
      return;
    }
    this.#parts.push(frame);
    this.#partBytes += frame.payload.length;
    if (this.#partBytes > MAX_JOINED_PAYLOAD) {
      this.end(new BerthError('too-large', `a record is larger than ${MAX_JOINED_PAYLOAD} bytes`));
      this.#control.close();
    } else if (!frame.more) {
      this.#batch.push(...this.#parts);
      this.#parts = [];
      this.#partBytes = 0;
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
