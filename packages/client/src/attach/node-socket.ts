/** A WebSocket to the node, with channels. */
import { ATTACH_CLOSE, BerthError, encodeFrames, MAX_FRAME_LENGTH, readFrames, type Frame } from '@berth/wire';
import { WebSocket } from 'ws';
import { nodeLost, type NodeAddress } from '../http.js';
import { Channel } from './channel.js';
import { connectSocket } from './connect-socket.js';

/** A message holds many small frames or one large one. */
const MOST_MESSAGE_BYTES = 2 * MAX_FRAME_LENGTH;

export class NodeSocket {
  readonly #socket: WebSocket;
  readonly #endpoint: string;
  readonly #channels = new Map<number, Channel>();

  private constructor(socket: WebSocket, endpoint: string) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    // A failure shows as the close that follows.
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => this.#received(data));
    socket.on('close', (code, reason) => this.#lose(this.#lossOf(code, reason.toString())));
  }

  /**
   * Opens the WebSocket at `path`; `prepare` is called before anything can arrive. Errors: `node-lost`; those with which the
   * node refuses; the signal's reason.
   */
  static async open<T>(address: NodeAddress, path: string, prepare: (socket: NodeSocket) => T, signal?: AbortSignal): Promise<T> {
    const { endpoint } = address;
    return connectSocket(address, path, (opening) => prepare(new NodeSocket(opening, endpoint)), {
      maxPayload: MOST_MESSAGE_BYTES,
      signal,
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Channels that were not left. */
  get channels(): number {
    return this.#channels.size;
  }

  /** A channel to listen on; its `close` calls `leave`. */
  channel(id: number, leave: (consumed: number) => void): Channel {
    const channel = new Channel({
      send: (type, seq, payload) => this.send(type, id, seq, payload),
      close: (consumed) => {
        this.#channels.delete(id);
        leave(consumed);
      },
    });
    this.#channels.set(id, channel);
    return channel;
  }

  /** Sends when the connection is open. */
  send(type: number, channel: number, seq: number, payload?: Uint8Array): void {
    if (this.isOpen) this.#socket.send(encodeFrames(type, channel, seq, payload), ignore);
  }

  /** Takes leave; what was sent before still arrives. */
  close(): void {
    this.#socket.close(ATTACH_CLOSE.done);
  }

  #received(message: Buffer): void {
    try {
      for (const [channel, frames] of byChannel(readFrames(message))) this.#channels.get(channel)?.push(frames);
    } catch (error) {
      this.#lose(new BerthError('internal', `the node sent nonsense: ${(error as Error).message}`, { cause: error }));
      this.#socket.terminate();
    }
  }

  #lose(error: BerthError): void {
    for (const channel of this.#channels.values()) channel.lose(error);
    this.#channels.clear();
  }

  #lossOf(code: number, reason: string): BerthError {
    if (code === ATTACH_CLOSE.refused) return new BerthError('internal', `the node closed the connection: ${reason}`);
    return nodeLost(this.#endpoint, new Error('the connection was closed'));
  }
}

const ignore = (): void => {};

/** The frames in order, cut where the channel changes. The node sends a message for one channel, so this is nearly always one piece. */
function* byChannel(frames: readonly Frame[]): Generator<readonly [number, readonly Frame[]]> {
  let first = 0;
  for (const [index, { channel }] of frames.entries()) {
    if (frames[index + 1]?.channel === channel) continue;
    yield [channel, frames.slice(first, index + 1)];
    first = index + 1;
  }
}
