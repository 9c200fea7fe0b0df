/** Serves wire's route table: every route is registered, parsed and answered in the same way. */
import type { KernelId, KernelService } from '@berth/wire';
import { ROUTES, runIdSchema, serviceNameSchema, sessionIdSchema, type RouteName } from '@berth/wire/http';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { handlers, type Call, type NodeControl } from './handlers.js';
import { parse, parseBody, type Schema } from './validation.js';

/** Names of the parameters that stand in paths. */
export interface PathParams {
  readonly session?: string;
  readonly run?: string;
  readonly service?: string;
}

/** A fastify plugin with all routes of the table. */
export function tableRoutes(service: KernelService, node: NodeControl): FastifyPluginAsync {
  const serve = handlers(service, node);
  return async (app) => {
    for (const name of Object.keys(ROUTES) as RouteName[]) {
      const { method, path, body, query } = ROUTES[name];
      app.route({
        method,
        url: path,
        handler: async (request, reply) => {
          const call = {
            ...pathIds(request.params as PathParams),
            body: body === undefined ? undefined : parseBody(body as Schema<never>, request.body ?? {}),
            query: queryOf(request.query, query),
            signal: abortSignal(request, reply),
          };
          if (call.session !== undefined) service.renewLease(call.session);
          // The name joins schema and handler; the compiler cannot follow a name that varies.
          return (serve[name] as (call: unknown) => unknown)(call);
        },
      });
    }
  };
}

/** The ids in a path. Errors: `bad-request`. */
export function pathIds({ session, run, service }: PathParams): Partial<Pick<Call<RouteName>, 'session' | 'run' | 'service'>> {
  return {
    ...(session === undefined ? {} : { session: parse(sessionIdSchema, session, 'the session id') as string as KernelId }),
    ...(run === undefined ? {} : { run: parse(runIdSchema, run, 'the run id') }),
    ...(service === undefined ? {} : { service: parse(serviceNameSchema, service, 'the name of the service') }),
  };
}

/** The query parameters, each at most once and known. */
export function queryOf(query: unknown, allowed: readonly string[]): Readonly<Record<string, string | undefined>> {
  const schema: Schema<Record<string, string>> = {
    safeParse(input) {
      const issues = Object.entries(input as object).flatMap(([name, value]) => {
        if (!allowed.includes(name))
          return [{ path: [name], message: `is not a parameter here; there are: ${allowed.join(', ') || 'none'}` }];
        return typeof value === 'string' ? [] : [{ path: [name], message: 'must be given once' }];
      });
      return issues.length > 0 ? { success: false, error: { issues } } : { success: true, data: input as Record<string, string> };
    },
  };
  return parse(schema, query, 'the query');
}

function abortSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const { socket } = request.raw;
  const abort = () => controller.abort();
  socket.once('close', abort);
  // The connection lives on, with more requests to come.
  reply.raw.once('finish', () => socket.off('close', abort));
  return controller.signal;
}
