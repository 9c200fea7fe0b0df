/** Opens a WebSocket to the node; what the node says against it is an error of the closed list. */
import { once } from 'node:events';
import { BerthError } from '@berth/wire';
import { WebSocket } from 'ws';
import { errorOfReply, nodeLost, type NodeAddress } from '../http.js';

const OPEN_PATIENCE_MS = 10_000;

/**
 * Opens the WebSocket at `path`; `prepare` is called before anything can arrive. Errors: `node-lost`; those with which the
 * node refuses; the signal's reason.
 */
export async function connectSocket<T>(
  address: NodeAddress,
  path: string,
  prepare: (socket: WebSocket) => T,
  { maxPayload, signal }: { readonly maxPayload: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  signal?.throwIfAborted();
  const url = new URL(path, address.endpoint);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${address.key}` },
    perMessageDeflate: false,
    handshakeTimeout: OPEN_PATIENCE_MS,
    maxPayload,
  });
  const prepared = prepare(socket);
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
  return prepared;
}

/** Rejects with what the node answered instead of opening the connection. */
async function refusalOf(socket: WebSocket): Promise<never> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, NodeJS.ReadableStream & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  throw errorOfReply(Buffer.concat(chunks).toString(), response.statusCode);
}
