/** A WebSocket of its own for one run. */
import { FRAME } from '@berth/wire';
import type { NodeAddress } from '../http.js';
import type { Connection } from './connection.js';
import { NodeSocket } from './node-socket.js';

/** Opens it from record `from` on. Errors: `node-lost`; those with which the node refuses; the signal's reason. */
export function ownConnection(
  address: NodeAddress,
  session: string,
  run: string,
  from: number,
  signal?: AbortSignal,
): Promise<Connection> {
  const path = `/v1/sessions/${encodeURIComponent(session)}/runs/${encodeURIComponent(run)}/attach?from=${from}`;
  const prepare = (socket: NodeSocket) =>
    socket.channel(0, (consumed) => {
      if (consumed > 0) socket.send(FRAME.ack, 0, consumed);
      socket.close();
    });
  return NodeSocket.open(address, path, prepare, signal);
}
