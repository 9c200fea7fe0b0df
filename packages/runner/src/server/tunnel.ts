/** One connection to a port of this kernel over the link: bytes as they come, with a window in each direction. */
import { connect, type Socket } from 'node:net';
import { BerthError, FRAME, FRAME_HEADER_BYTES, TUNNEL_FRAME_BYTES, TUNNEL_WINDOW_BYTES, type Frame } from '@berth/wire';
import { header, type LinkChannel, type Packet } from './link-channel.js';

/** Most services listen on the first; what calls itself `localhost` may listen on the second alone. */
const ADDRESSES = ['127.0.0.1', '::1'];
/** A listener whose backlog is full answers nothing at all. */
const CONNECT_MS = 5000;

export interface TunnelControl {
  /** {@link Tunnel.take} may give something now. */
  hasMore(): void;
  /** Bytes of the agent below `offset` were passed on. */
  confirm(offset: number): void;
}

export class Tunnel implements LinkChannel {
  readonly id: number;
  readonly #window: number;
  readonly #control: TunnelControl;
  #socket: Socket | undefined;
  /** What was read and not sent yet; nothing more is read meanwhile. */
  #waiting: Buffer | undefined;
  #sent = 0;
  #confirmed = 0;
  #received = 0;
  #passedOn = 0;
  /** The service sends no more; and that was told. */
  #ended: 'no' | 'yes' | 'told' = 'no';
  #over: BerthError | 'orderly' | undefined;
  #closed = false;

  constructor(id: number, window: number, control: TunnelControl) {
    this.id = id;
    this.#window = window;
    this.#control = control;
  }

  /** Errors: `service-unreachable`. */
  async connect(port: number): Promise<void> {
    let failure: Error | undefined;
    for (const host of ADDRESSES) {
      if (this.#closed) return;
      try {
        return await this.#connectTo(host, port);
      } catch (error) {
        failure ??= error as Error;
      }
    }
    throw new BerthError('service-unreachable', `port ${port} of this session does not accept: ${failure!.message}`, {
      fields: { port },
    });
  }

  take(): Packet | undefined {
    const data = this.#data();
    if (data) return data;
    if (this.#waiting) return undefined;
    if (this.#over) return this.#last(this.#over);
    if (this.#ended !== 'yes') return undefined;
    this.#ended = 'told';
    return { buffers: [header(FRAME.dataEnd, this.id, this.#sent, 0)], bytes: FRAME_HEADER_BYTES, block: null };
  }

  confirm(offset: number): boolean {
    if (offset > this.#sent) throw new RangeError('bytes were confirmed before they were sent');
    this.#confirmed = Math.max(this.#confirmed, offset);
    return false;
  }

  receive({ type, seq, payload }: Frame): void {
    if (type === FRAME.end) return this.close();
    if (type === FRAME.dataEnd) return void this.#socket?.end();
    if (type !== FRAME.data) return;
    if (seq !== this.#received) throw new RangeError('bytes of a tunnel are missing');
    this.#received += payload.length;
    if (this.#received - this.#passedOn > TUNNEL_WINDOW_BYTES) throw new RangeError('more than the window of a tunnel holds');
    this.#socket?.write(payload, (error) => {
      if (error || this.#closed) return;
      this.#passedOn += payload.length;
      this.#control.confirm(this.#passedOn);
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #connectTo(host: string, port: number): Promise<void> {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#socket = socket;
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
    socket.setTimeout(0);
    let failure: Error | undefined;
    socket.on('error', (error) => (failure = error));
    socket.on('data', (chunk) => {
      socket.pause();
      this.#waiting = chunk;
      this.#control.hasMore();
    });
    socket.on('end', () => {
      this.#ended = 'yes';
      this.#control.hasMore();
    });
    socket.on('close', () => {
      this.#over = failure
        ? new BerthError('service-unreachable', `the connection to port ${port} broke: ${failure.message}`)
        : 'orderly';
      this.#control.hasMore();
    });
  }

  #data(): Packet | undefined {
    const room = Math.min(TUNNEL_FRAME_BYTES, this.#window - (this.#sent - this.#confirmed));
    if (!this.#waiting || room <= 0) return undefined;
    const part = this.#waiting.subarray(0, room);
    const head = header(FRAME.data, this.id, this.#sent, part.length);
    this.#sent += part.length;
    this.#waiting = part.length < this.#waiting.length ? this.#waiting.subarray(part.length) : undefined;
    if (!this.#waiting) this.#socket?.resume();
    return { buffers: [head, part], bytes: FRAME_HEADER_BYTES + part.length, block: null };
  }

  #last(over: BerthError | 'orderly'): Packet {
    const body = over === 'orderly' ? Buffer.alloc(0) : Buffer.from(JSON.stringify(over));
    const bytes = FRAME_HEADER_BYTES + body.length;
    return { buffers: [header(FRAME.end, this.id, 0, body.length), body], bytes, block: null, last: true };
  }
}
