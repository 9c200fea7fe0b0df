/** Files of a session as raw bytes: outside the table, because their bodies are not JSON. */
import { Readable } from 'node:stream';
import type { Clock } from '@berth/base';
import { BerthError, type FileEntry, type KernelId, type KernelService } from '@berth/wire';
import { removeQuerySchema, writeQuerySchema } from '@berth/wire/http';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { ANY_LENGTH, exactly, keepingLease, received, takeAnyBody } from './bodies.js';
import { bodyOf } from './errors.js';
import { rangeOf } from './range.js';
import { pathIds, type PathParams } from './table.js';
import { parse } from './validation.js';

const FILE = '/v1/sessions/:session/files/*';

/** A fastify plugin with PUT, GET and DELETE of a file below /home/work. */
export function fileRoutes(service: KernelService, clock: Clock): FastifyPluginAsync {
  const target = (params: unknown): { session: KernelId; path: string } => {
    const { session } = pathIds(params as PathParams);
    service.renewLease(session!);
    return { session: session!, path: (params as { '*': string })['*'] };
  };
  return async (app) => {
    takeAnyBody(app);
    app.put(FILE, ANY_LENGTH, async (request) => {
      const { session, path } = target(request.params);
      const options = parse(writeQuerySchema, request.query, 'the query');
      const content = keepingLease(received(request.body), { service, clock, session });
      return service.writeFile(session, path, content, options);
    });
    app.get(FILE, async (request, reply) => {
      const { session, path } = target(request.params);
      const before = await service.statFile(session, path);
      const { range: wanted, 'if-range': unlessChanged } = request.headers;
      const asked = unlessChanged === undefined || unlessChanged === tagOf(before) ? wanted : undefined;
      const range = rangeOf(asked, before.size);
      if (range === 'none') return outOfRange(reply, path, before.size);
      const { entry, content } = await service.readFile(session, path, range === 'all' ? undefined : range);
      const { start, end } = range === 'all' ? { start: 0, end: entry.size } : range;
      if (range !== 'all') void reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${entry.size}`);
      void reply
        .type('application/octet-stream')
        .headers({ 'content-length': end - start, 'accept-ranges': 'bytes', etag: tagOf(entry) });
      const pieces = keepingLease(exactly(content, end - start), { service, clock, session });
      return reply.send(Readable.from(pieces, { objectMode: false }));
    });
    app.delete(FILE, async (request) => {
      const { session, path } = target(request.params);
      await service.removeFile(session, path, parse(removeQuerySchema, request.query, 'the query'));
      return {};
    });
  };
}

/** Names one content of a file: that another of the same size and time follows within a millisecond is not told. */
const tagOf = ({ size, mtimeMs }: FileEntry): string => `"${size.toString(16)}-${Math.round(mtimeMs).toString(16)}"`;

function outOfRange(reply: FastifyReply, path: string, size: number): FastifyReply {
  const error = new BerthError('bad-request', `${JSON.stringify(path)} has ${size} bytes: the range lies behind its end`);
  return reply.code(416).header('content-range', `bytes */${size}`).send(bodyOf(error));
}
