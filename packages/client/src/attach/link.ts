/** One WebSocket connection of an attachment. */
import { on, once } from 'node:events';
import { ATTACH_CLOSE, BerthError, encodeFrames, FRAME, MAX_FRAME_LENGTH, readFrames, type Frame } from '@berth/wire';
import { WebSocket } from 'ws';
import { errorOfReply, nodeLost, type NodeAddress } from '../http.js';

const OPEN_PATIENCE_MS = 10_000;
/** A message holds many small frames or one large one. */
const MOST_MESSAGE_BYTES = 2 * MAX_FRAME_LENGTH;

export class Link {
  readonly #socket: WebSocket;
  readonly #messages: AsyncIterable<unknown[]>;
  readonly #endpoint: string;
  #refusal: string | undefined;

  private constructor(socket: WebSocket, endpoint: string) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    // Listening begins before the connection opens, so that no message comes too early.
    this.#messages = on(socket, 'message', { close: ['close'] });
    // A failure shows as the end of the messages.
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      if (code === ATTACH_CLOSE.refused) this.#refusal = reason.toString();
    });
  }

  /** Errors: `node-lost`; those with which the node refuses; the signal's reason. */
  static async open(address: NodeAddress, session: string, run: string, from: number, signal?: AbortSignal): Promise<Link> {
    signal?.throwIfAborted();
    const path = `/v1/sessions/${encodeURIComponent(session)}/runs/${encodeURIComponent(run)}/attach?from=${from}`;
    const url = new URL(path, address.endpoint);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${address.key}` },
      perMessageDeflate: false,
      handshakeTimeout: OPEN_PATIENCE_MS,
      maxPayload: MOST_MESSAGE_BYTES,
    });
    const link = new Link(socket, address.endpoint);
    const abort = () => socket.terminate();
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('close', () => signal?.removeEventListener('abort', abort));
    try {
      await Promise.race([once(socket, 'open'), refusalOf(socket)]);
    } catch (error) {
      socket.terminate();
      signal?.throwIfAborted();
      throw error instanceof BerthError ? error : nodeLost(address.endpoint, error);
    }
    return link;
  }

  /** Messages as frames. Throws when the connection ends: `node-lost`, or `internal` when the node refused what was sent. */
  async *frames(): AsyncGenerator<readonly Frame[]> {
    try {
      for await (const [data] of this.#messages) yield readFrames(data as Buffer);
    } catch (error) {
      if (error instanceof RangeError)
        throw new BerthError('internal', `the node sent nonsense: ${error.message}`, { cause: error });
      throw nodeLost(this.#endpoint, error);
    }
    if (this.#refusal !== undefined) throw new BerthError('internal', `the node closed the connection: ${this.#refusal}`);
    throw nodeLost(this.#endpoint, new Error('the connection was closed'));
  }

  /** Sends when the connection is open; else the next connection will. */
  send(type: number, seq: number, payload?: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeFrames(type, 0, seq, payload), () => {});
  }

  ack(seq: number): void {
    this.send(FRAME.ack, seq);
  }

  /** Takes leave; what was sent before still arrives. */
  close(): void {
    this.#socket.close(ATTACH_CLOSE.done);
  }
}

/** Rejects with what the node answered instead of opening the connection. */
async function refusalOf(socket: WebSocket): Promise<never> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, NodeJS.ReadableStream & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  throw errorOfReply(Buffer.concat(chunks).toString(), response.statusCode);
}
