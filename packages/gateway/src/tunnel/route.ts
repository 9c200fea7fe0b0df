/** `WS /v1/sessions/:session/tunnel?service=NAME|port=N`: one connection to a port of a session. */
import type { Clock } from '@berth/base';
import { BerthError, type KernelId, type KernelService, type Tunnel, type TunnelTarget } from '@berth/wire';
import { serviceNameSchema } from '@berth/wire/http';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { keepLease } from '../attach/lease.js';
import { pathIds, queryOf, type PathParams } from '../http/table.js';
import { parse } from '../http/validation.js';
import { serveTunnel } from './serve.js';

/** A fastify plugin. The connection to the port comes first: that it is refused is told as HTTP. */
export function tunnelRoute(service: KernelService, clock: Clock): FastifyPluginAsync {
  const opened = new WeakMap<FastifyRequest, Tunnel>();
  const sessionOf = ({ params }: FastifyRequest): KernelId => pathIds(params as PathParams).session!;
  return async (app) => {
    app.get(
      '/v1/sessions/:session/tunnel',
      {
        websocket: true,
        preValidation: async (request) => {
          const abort = new AbortController();
          const { socket } = request.raw;
          socket.once('close', () => abort.abort());
          const tunnel = await service.openTunnel(sessionOf(request), targetOf(request.query), abort.signal);
          if (socket.destroyed) return tunnel.close();
          // Also when the client goes before it is served.
          socket.once('close', () => tunnel.close());
          opened.set(request, tunnel);
        },
      },
      (socket, request) => {
        const tunnel = opened.get(request)!;
        keepLease(socket, service, clock, sessionOf(request));
        void serveTunnel(socket, tunnel);
      },
    );
  };
}

function targetOf(query: unknown): TunnelTarget {
  const { service, port } = queryOf(query, ['service', 'port']);
  if ((service === undefined) === (port === undefined)) throw new BerthError('bad-request', 'name either a service or a port');
  if (service !== undefined) return { service: parse(serviceNameSchema, service, 'the name of the service') };
  const number = /^\d{1,5}$/.test(port!) ? Number(port) : 0;
  if (number >= 1 && number <= 65_535) return { port: number };
  throw new BerthError('bad-request', `port is ${JSON.stringify(port)}: must be 1 to 65535`);
}
