/** Bytes between a WebSocket and a tunnel, at the pace of the slower side. */
import { ATTACH_CLOSE, toBerthError, type Tunnel } from '@berth/wire';
import type { WebSocket } from 'ws';

/** Close code of RFC 6455 for a condition that was not expected: the connection broke. */
const BROKEN = 1011;
/** A reason has room for 123 bytes. */
const REASON_CHARACTERS = 100;
const NOTHING = new Uint8Array(0);

/** Resolves when both directions have ended or either side is gone. Never rejects. */
export async function serveTunnel(socket: WebSocket, tunnel: Tunnel): Promise<void> {
  socket.on('close', () => tunnel.close());
  try {
    await Promise.all([inward(socket, tunnel), outward(socket, tunnel)]);
    socket.close(ATTACH_CLOSE.done);
  } catch (error) {
    tunnel.close();
    const refused = error instanceof RangeError;
    const reason = refused ? error.message : toBerthError(error).message;
    socket.close(refused ? ATTACH_CLOSE.refused : BROKEN, ascii(reason).slice(0, REASON_CHARACTERS));
  }
}

/** From the client; resolves once it has ended its direction. Messages that were parsed before the socket paused wait their turn. */
function inward(socket: WebSocket, tunnel: Tunnel): Promise<void> {
  return new Promise((resolve, reject) => {
    let turn = Promise.resolve();
    let waiting = 0;
    socket.on('close', () => resolve());
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return reject(new RangeError('a text message'));
      socket.pause();
      waiting++;
      turn = turn.then(async () => {
        if (data.length > 0) await tunnel.write(data);
        else {
          tunnel.end();
          resolve();
        }
        if (--waiting === 0) socket.resume();
      });
      turn.catch(reject);
    });
  });
}

/** To the client; an empty message tells the end. Resolves then. */
async function outward(socket: WebSocket, tunnel: Tunnel): Promise<void> {
  for await (const piece of tunnel) await send(socket, piece);
  await send(socket, NOTHING);
}

/** Resolves when the system has taken it: so much waits here and no more. A failure shows as the socket's `close`. */
const send = (socket: WebSocket, data: Uint8Array): Promise<void> =>
  socket.readyState === socket.OPEN ? new Promise((resolve) => socket.send(data, () => resolve())) : Promise.resolve();

const ascii = (text: string): string => text.replace(/[^\u0020-\u007e]/g, '?');
