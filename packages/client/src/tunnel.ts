/** One connection to a port of a session, as a stream. */
import { Duplex } from 'node:stream';
import { BerthError, type TunnelTarget } from '@berth/wire';
import type { WebSocket } from 'ws';
import { connectSocket } from './attach/connect-socket.js';
import type { NodeAddress } from './http.js';

/** A message of the node holds one piece of the tunnel. */
const MOST_MESSAGE_BYTES = 1024 * 1024;
/** The node takes no larger messages. */
const PIECE_BYTES = 256 * 1024;
const DONE = 1000;

/** Errors: those with which the node refuses, `node-lost`, the signal's reason. */
export async function openTunnel(
  address: NodeAddress,
  session: string,
  target: TunnelTarget,
  signal?: AbortSignal,
): Promise<Duplex> {
  const query = new URLSearchParams('port' in target ? { port: String(target.port) } : { service: target.service });
  const path = `/v1/sessions/${encodeURIComponent(session)}/tunnel?${query}`;
  return connectSocket(address, path, (socket) => new TunnelStream(socket), { maxPayload: MOST_MESSAGE_BYTES, signal });
}

class TunnelStream extends Duplex {
  readonly #socket: WebSocket;
  #ended = false;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      if (data.length === 0) {
        this.#ended = true;
        this.push(null);
      } else if (!this.push(data)) socket.pause();
    });
    socket.on('error', () => {});
    let opened = false;
    socket.on('open', () => (opened = true));
    socket.on('close', (code, reason) => {
      // Nobody has this stream yet: who asked for it is told why there is none.
      if (!opened) return void this.destroy();
      if (this.#ended && code === DONE) return;
      const why = reason.toString() || 'the connection to the node was lost';
      this.destroy(new BerthError('service-unreachable', why));
    });
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      this.#socket.send(piece, at + PIECE_BYTES >= chunk.length ? (error) => done(error) : () => {});
    }
    if (chunk.length === 0) done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.send(new Uint8Array(0), (error) => done(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.close(DONE);
    done(error);
  }
}
