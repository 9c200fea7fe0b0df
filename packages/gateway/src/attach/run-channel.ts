/** One run on one channel of a WebSocket: records to the client, its acknowledgements and input from it. */
import { ATTACH_CLOSE, encodeFrames, FRAME, type Frame, type KernelService, type RunStream } from '@berth/wire';
import type { WebSocket } from 'ws';
import { Input } from './input.js';
import { Output } from './output.js';
import type { RunTarget } from './target.js';

export class RunChannel {
  readonly #socket: WebSocket;
  readonly #output: Output;
  readonly #input: Input;
  #stream: RunStream | undefined;
  #closed = false;

  constructor(socket: WebSocket, channel: number, service: KernelService, target: RunTarget) {
    this.#socket = socket;
    this.#output = new Output(socket, channel);
    this.#input = new Input(service, target, (offset) => socket.send(encodeFrames(FRAME.ack, channel, offset), () => {}));
  }

  /** A frame of the client. Throws `RangeError` or {@link InputRefused} when it breaks a rule. */
  take({ type, seq, payload }: Frame): void {
    if (type === FRAME.input) this.#input.push(seq, payload, false);
    else if (type === FRAME.inputEnd) this.#input.push(seq, payload.subarray(0, 0), true);
    else if (type === FRAME.ack) this.#confirm(seq);
    else if (type === FRAME.end) {
      this.#confirm(seq);
      this.close();
    }
  }

  /** Sends what `open` gives, until the run has no more to say. Never rejects. */
  async serve(open: () => Promise<RunStream>): Promise<void> {
    try {
      this.#stream = await open();
    } catch (error) {
      return this.#closed ? undefined : this.#output.fail(error);
    }
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) return this.#stream.close();
    const told = await this.#output.pump(this.#stream);
    if (!told && !this.#closed) this.#socket.close(ATTACH_CLOSE.away, 'the stream of the run was lost');
  }

  /** The client has gone, or wants no more of this run. */
  close(): void {
    this.#closed = true;
    this.#stream?.close();
    this.#input.stop();
  }

  #confirm(seq: number): void {
    if (seq > this.#output.sent) throw new RangeError(`record ${seq} was confirmed before it was sent`);
    if (seq > 0) this.#stream?.ack(seq);
  }
}
