/** A WebSocket client that does what it is told, and nothing more. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { encodeFrames, readFrames, RECORD_TYPES, type Frame } from '@berth/wire';
import { KEY } from './fake-node.js';

export class RawClient {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  #wake = () => {};

  constructor(endpoint: string, path: string) {
    this.socket = new WebSocket(`${endpoint.replace('http', 'ws')}${path}`, { headers: { authorization: `Bearer ${KEY}` } });
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(...readFrames(data));
      this.#wake();
    });
  }

  async open(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  async until(done: (frames: readonly Frame[]) => boolean): Promise<readonly Frame[]> {
    while (!done(this.frames)) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.frames;
  }

  send(type: number, seq: number, payload?: Uint8Array, channel = 0): void {
    this.socket.send(encodeFrames(type, channel, seq, payload));
  }

  /** Code and reason with which the node closes. */
  async closed(): Promise<[number, string]> {
    const [code, reason] = (await once(this.socket, 'close')) as [number, Buffer];
    return [code, reason.toString()];
  }

  /** Status with which the node refuses the connection. */
  async refused(): Promise<number> {
    const [, response] = (await once(this.socket, 'unexpected-response')) as [unknown, { statusCode: number; resume(): void }];
    response.resume();
    return response.statusCode;
  }
}

/** What the run printed. */
export const textOf = (frames: readonly Frame[]): string =>
  frames.map(({ type, payload }) => (type === RECORD_TYPES.stdout ? Buffer.from(payload).toString() : '')).join('');
