/** Puts the parts together: one fastify server, its guard, the routes of the table, files and attach. */
import type { AddressInfo, Socket } from 'node:net';
import websocket from '@fastify/websocket';
import { systemClock, type Clock } from '@berth/base';
import { ATTACH_CLOSE, BerthError, MAX_FRAME_LENGTH, type KernelService } from '@berth/wire';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { attachRoutes } from './attach/route.js';
import { directoryRoutes } from './http/directories.js';
import { bodyOf, errorOf } from './http/errors.js';
import { fileRoutes } from './http/files.js';
import { guard } from './http/guard.js';
import type { NodeControl } from './http/handlers.js';
import { tableRoutes } from './http/table.js';
import { tunnelRoute } from './tunnel/route.js';

export interface GatewayOptions {
  readonly service: KernelService;
  readonly node: NodeControl;
  /** What callers must show as `Authorization: Bearer <key>`. */
  readonly key: string;
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock?: Clock;
  /** Told of failures that are defects (code `internal`), for the log. */
  readonly onDefect?: (error: unknown) => void;
}

export interface Gateway {
  /** `http://host:port`, with the port that was really taken. */
  readonly endpoint: string;
  /** Stops accepting, sends WebSocket clients away so that they come again, lets calls under way end, for 2 s at most. */
  close(): Promise<void>;
}

/** Holds the largest code and its JSON escapes. */
const JSON_LIMIT_BYTES = 8 * 1024 * 1024;
const CLOSE_PATIENCE_MS = 2000;

/** Serves until closed. Errors: `port-in-use`, `bad-config` (an address that this machine does not have). */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { service, node, host, port, clock = systemClock } = options;
  const app = fastify({
    logger: false,
    bodyLimit: JSON_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    frameworkErrors: (error, _request, reply) => {
      const known = errorOf(error);
      // The types of this one option know no status codes.
      void (reply as FastifyReply).code(known.status).send(bodyOf(known));
    },
  });
  app.setErrorHandler((error, _request, reply) => {
    const known = errorOf(error);
    if (known.code === 'internal') options.onDefect?.(error);
    void reply.code(known.status).send(bodyOf(known));
  });
  app.setNotFoundHandler((request, reply) => {
    const missing = new BerthError('bad-request', `there is no ${request.method} ${request.url.slice(0, 200)}`, {
      fix: 'The routes are listed in docs/http-api.md.',
    });
    void reply.code(404).send(bodyOf(missing));
  });
  // Before the guard: it must know an upgrade as one, to end its socket when the guard refuses it.
  await app.register(websocket, {
    options: { maxPayload: MAX_FRAME_LENGTH + 4, perMessageDeflate: false },
    preClose: (done) => done(),
    errorHandler: (_error, socket) => socket.terminate(),
  });
  app.addHook('onRequest', guard(options.key, host));
  await app.register(tableRoutes(service, node));
  await app.register(fileRoutes(service, clock));
  await app.register(directoryRoutes(service, clock));
  await app.register(attachRoutes(service, clock));
  await app.register(tunnelRoute(service, clock));
  const sockets = openSockets(app);
  await listen(app, host, port);
  return { endpoint: endpointOf(app, host), close: () => close(app, clock, sockets) };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    const fields = { address: `${host}:${port}` };
    if (code === 'EADDRINUSE') throw new BerthError('port-in-use', `${host}:${port} is in use`, { fields, cause: error });
    throw new BerthError('bad-config', `cannot listen on ${host}:${port}: ${(error as Error).message}`, {
      fix: 'Choose an address of this machine with --listen, for example --listen 127.0.0.1:8081.',
      fields,
      cause: error,
    });
  }
}

function endpointOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function close(app: FastifyInstance, clock: Clock, sockets: ReadonlySet<Socket>): Promise<void> {
  const patience = clock.after(CLOSE_PATIENCE_MS, () => {
    for (const socket of sockets) socket.destroy();
  });
  const closed = app.close();
  for (const socket of app.websocketServer.clients) socket.close(ATTACH_CLOSE.away, 'the node goes away');
  await closed;
  patience.cancel();
}

/** Every open connection, whatever protocol it speaks by now. */
function openSockets(app: FastifyInstance): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}
