/** A port of this machine whose connections lead into a session. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BerthError } from '@berth/wire';

export interface ForwardOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The other end of a connection. */
  readonly open: () => Promise<Duplex>;
  /** A connection could not be had. */
  readonly onRefused: (error: unknown) => void;
}

export interface Forward {
  /** The port that was taken. */
  readonly port: number;
  /** Stops listening and ends all connections. */
  close(): void;
}

/** Errors: `port-in-use`, `bad-usage` for an address that this machine does not have. */
export async function forward({ host, port, open, onRefused }: ForwardOptions): Promise<Forward> {
  const sockets = new Set<Socket>();
  // Either side may end its direction and go on reading.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    open().then(
      (tunnel) => join(socket, tunnel),
      (error: unknown) => {
        socket.resetAndDestroy();
        onRefused(error);
      },
    );
  });
  await listening(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The end of a direction is passed on; a failure of one side ends the other. */
function join(socket: Socket, tunnel: Duplex): void {
  socket.on('close', () => tunnel.destroy());
  tunnel.on('error', () => socket.resetAndDestroy());
  if (socket.destroyed) return void tunnel.destroy();
  socket.pipe(tunnel).pipe(socket);
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const fields = { address: `${host}:${port}` };
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      const fix = 'Choose another with --port, or leave it out: any free port is taken then.';
      throw new BerthError('port-in-use', `${host}:${port} is in use`, { fix, fields });
    }
    throw new BerthError('bad-usage', `cannot listen on ${host}:${port}: ${(error as Error).message}`, { fields, cause: error });
  }
}
