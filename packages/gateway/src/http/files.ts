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
      const { entry, content } = await service.readFile(session, path);
      void reply.type('application/octet-stream').header('content-length', entry.size);
      return reply.send(Readable.from(exactly(content, entry.size), { objectMode: false }));
    });
  };
}

/**
 * The bytes that were announced: what a growing file gets meanwhile is left out, and a shrinking one breaks the reply. An
 * announced length is what lets every client tell a broken reply from a whole one.
 */
async function* exactly(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of content) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
  if (left > 0) throw new Error('the file has become shorter');
}
