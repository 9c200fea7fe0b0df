/** Files of a session as raw bytes: outside the table, because their bodies are not JSON. */
import { Readable } from 'node:stream';
import type { KernelId, KernelService } from '@berth/wire';
import type { FastifyPluginAsync } from 'fastify';
import { pathIds, type PathParams } from './table.js';

const FILE = '/v1/sessions/:session/files/*';

/** A fastify plugin with PUT and GET of a file below /home/work. */
export function fileRoutes(service: KernelService): FastifyPluginAsync {
  const target = (params: unknown): { session: KernelId; path: string } => {
    const { session } = pathIds(params as PathParams);
    service.renewLease(session!);
    return { session: session!, path: (params as { '*': string })['*'] };
  };
  return async (app) => {
    // A body of any type is bytes, handed on as they come. What may be written is the scratch's own limit.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    app.put(FILE, { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request) => {
      const { session, path } = target(request.params);
      return service.writeFile(session, path, (request.body as Readable | undefined) ?? Readable.from([]));
    });
    app.get(FILE, async (request, reply) => {
      const { session, path } = target(request.params);
      const { content } = await service.readFile(session, path);
      // Chunked, without a length: the file may change meanwhile, and a cut must not look like an end.
      return reply.type('application/octet-stream').send(Readable.from(content, { objectMode: false }));
    });
  };
}
