/** The WebSocket routes. */
import type { Clock } from '@berth/base';
import { BerthError, type KernelService } from '@berth/wire';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { pathIds, queryOf, type PathParams } from '../http/table.js';
import { serveLink } from './serve-link.js';
import { serveAttach } from './serve.js';

/**
 * A fastify plugin with `WS /v1/sessions/:session/runs/:run/attach?from=N` and `WS /v1/sessions/:session/link`. What is wrong
 * with the call is told as HTTP.
 */
export function attachRoutes(service: KernelService, clock: Clock): FastifyPluginAsync {
  const target = (params: unknown, query: unknown) => {
    const { session, run } = pathIds(params as PathParams);
    return { session: session!, run: run!, from: firstRecord(queryOf(query, ['from'])['from']) };
  };
  const linked = (params: unknown, query: unknown) => {
    queryOf(query, []);
    return service.getKernel(pathIds(params as PathParams).session!).kernelId;
  };
  return async (app) => {
    const checkTarget = async (request: FastifyRequest) => void target(request.params, request.query);
    app.get(
      '/v1/sessions/:session/runs/:run/attach',
      { websocket: true, preValidation: checkTarget },
      (socket, { params, query }) => serveAttach(socket, service, clock, target(params, query)),
    );
    const checkLinked = async (request: FastifyRequest) => void linked(request.params, request.query);
    app.get('/v1/sessions/:session/link', { websocket: true, preValidation: checkLinked }, (socket, { params, query }) =>
      serveLink(socket, service, clock, linked(params, query)),
    );
  };
}

function firstRecord(text = '1'): number {
  const from = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (from < 1) throw new BerthError('bad-request', `from is ${JSON.stringify(text)}: must be the number of a record, 1 or more`);
  return from;
}
