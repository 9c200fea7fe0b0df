/** Directories of a session: as a tar in both directions, and what changes in one as a stream of lines. */
import { Readable } from 'node:stream';
import type { Clock, Timer } from '@berth/base';
import type { FileChange, KernelId, KernelService } from '@berth/wire';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { ANY_LENGTH, keepingLease, received, takeAnyBody } from './bodies.js';
import { pathIds, queryOf, type PathParams } from './table.js';

const ARCHIVE = '/v1/sessions/:session/archive';
const WATCH = '/v1/sessions/:session/watch';
/** So often a watch that has nothing to tell says so: an empty line, which also shows that its reader is there. */
const BEAT_MS = 10_000;

/** A fastify plugin with GET and PUT of archives, and watches. */
export function directoryRoutes(service: KernelService, clock: Clock): FastifyPluginAsync {
  const target = ({ params, query }: FastifyRequest): { session: KernelId; path: string } => {
    const { session } = pathIds(params as PathParams);
    service.renewLease(session!);
    return { session: session!, path: queryOf(query, ['path'])['path'] ?? '.' };
  };
  return async (app) => {
    takeAnyBody(app);
    app.get(ARCHIVE, async (request, reply) => {
      const { session, path } = target(request);
      const { content } = await service.archive(session, path);
      const pieces = keepingLease(content, { service, clock, session });
      return reply.type('application/x-tar').send(Readable.from(pieces, { objectMode: false }));
    });
    app.put(ARCHIVE, ANY_LENGTH, async (request) => {
      const { session, path } = target(request);
      return service.extractArchive(session, path, keepingLease(received(request.body), { service, clock, session }));
    });
    app.get(WATCH, async (request, reply) => {
      const { session, path } = target(request);
      const over = gone(reply);
      const changes = service.watchFiles(session, path, over)[Symbol.asyncIterator]();
      // The first one says that the directory is there: what is wrong is told with its own status.
      const first = await changes.next();
      const isAlive = () => service.renewLease(session).phase !== 'terminated';
      const lines = linesOf(first, changes, isAlive, clock);
      return reply.type('application/x-ndjson').send(Readable.from(lines, { objectMode: false, highWaterMark: 0 }));
    });
  };
}

/** Aborts when the reader has gone. */
function gone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

async function* linesOf(
  first: IteratorResult<FileChange>,
  changes: AsyncIterator<FileChange>,
  isAlive: () => boolean,
  clock: Clock,
): AsyncGenerator<string> {
  let next: Promise<IteratorResult<FileChange>> = Promise.resolve(first);
  while (isAlive()) {
    const found = await orBeat(next, clock);
    if (found?.done) return;
    yield found ? `${JSON.stringify(found.value)}\n` : '\n';
    if (found) next = changes.next();
  }
}

/** Undefined when it is time for a sign of life. */
async function orBeat<T>(next: Promise<T>, clock: Clock): Promise<T | undefined> {
  let timer: Timer | undefined;
  const beat = new Promise<undefined>((resolve) => (timer = clock.after(BEAT_MS, () => resolve(undefined))));
  try {
    return await Promise.race([next, beat]);
  } finally {
    timer?.cancel();
  }
}
