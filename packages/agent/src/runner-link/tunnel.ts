/** The agent's end of one tunnel: pieces in order, with a window in each direction. */
import { AsyncQueue } from '@berth/base';
import { BerthError, FRAME, TUNNEL_FRAME_BYTES, TUNNEL_WINDOW_BYTES, type Frame, type Tunnel } from '@berth/wire';

export interface TunnelControl {
  /** Sends a frame on the tunnel's channel. */
  send(type: number, seq: number, payload?: Uint8Array): void;
  /** Its channel is free. */
  gone(): void;
}

export class LinkTunnel implements Tunnel {
  readonly #control: TunnelControl;
  readonly #queue = new AsyncQueue<Uint8Array>();
  #received = 0;
  #consumed = 0;
  #sent = 0;
  #confirmed = 0;
  #window = 0;
  #ended = false;
  #over: BerthError | undefined;
  #wake: () => void = () => {};

  constructor(control: TunnelControl) {
    this.#control = control;
  }

  /** The other side takes so many bytes before it confirms any. */
  opened(window: number): void {
    this.#window = window;
  }

  /** A frame on its channel. Throws on what no honest runner sends. */
  receive({ type, seq, payload }: Frame, error: BerthError | undefined): void {
    if (type === FRAME.data) this.#data(seq, payload);
    else if (type === FRAME.dataEnd) this.#queue.end();
    else if (type === FRAME.ack) this.#confirm(seq);
    else if (type === FRAME.end) this.lose(error);
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) {
      if (this.#over) throw this.#over;
      if (this.#ended) throw new BerthError('bad-request', 'the tunnel was ended');
      const room = Math.min(TUNNEL_FRAME_BYTES, this.#window - (this.#sent - this.#confirmed));
      if (room <= 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const part = data.subarray(at, at + room);
      this.#control.send(FRAME.data, this.#sent, part);
      this.#sent += part.length;
      at += part.length;
    }
  }

  end(): void {
    if (this.#ended || this.#over) return;
    this.#ended = true;
    this.#control.send(FRAME.dataEnd, this.#sent);
  }

  close(): void {
    if (this.#over) return;
    this.#control.send(FRAME.end, 0);
    this.lose(undefined);
  }

  /** Nothing follows. Without an error what has come is still read, to its orderly end. */
  lose(error: BerthError | undefined): void {
    if (this.#over) return;
    this.#over = error ?? new BerthError('service-unreachable', 'the connection is closed');
    if (error) this.#queue.fail(error);
    else this.#queue.end();
    this.#wake();
    this.#control.gone();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#queue) {
      yield piece;
      this.#consumed += piece.length;
      if (!this.#over) this.#control.send(FRAME.ack, this.#consumed);
    }
  }

  #data(seq: number, payload: Uint8Array): void {
    if (seq !== this.#received) throw new RangeError('bytes of a tunnel are missing');
    this.#received += payload.length;
    if (this.#received - this.#consumed > TUNNEL_WINDOW_BYTES) throw new RangeError('more than the window of a tunnel holds');
    this.#queue.push(payload);
  }

  #confirm(seq: number): void {
    if (seq > this.#sent) throw new RangeError('bytes of a tunnel were confirmed before they were sent');
    this.#confirmed = Math.max(this.#confirmed, seq);
    this.#wake();
  }
}
