/** Bodies that are no JSON: what comes, what goes, and the lease meanwhile. */
import type { Readable } from 'node:stream';
import type { Clock } from '@berth/base';
import { BerthError, type KernelId, type KernelService } from '@berth/wire';
import type { FastifyInstance } from 'fastify';

/** Bodies of any type are bytes, handed on as they come. What may be written is the scratch's own limit. */
export function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

export const ANY_LENGTH = { bodyLimit: Number.MAX_SAFE_INTEGER } as const;

/** What was sent. A sender that goes away half-way is `cancelled`, never the end of a file. */
export async function* received(body: unknown): AsyncGenerator<Uint8Array> {
  if (body === undefined || body === null) return;
  try {
    yield* body as Readable;
  } catch (error) {
    throw new BerthError('cancelled', 'the sender went away before all was sent', { cause: error });
  }
}

/** Half of the shortest lease. */
const RENEW_EVERY_MS = 500;

/** A transfer is a sign of life of its client for as long as it goes on. */
export async function* keepingLease<T>(
  content: AsyncIterable<T>,
  { service, clock, session }: { readonly service: KernelService; readonly clock: Clock; readonly session: KernelId },
): AsyncGenerator<T> {
  let renewed = clock.monotonic();
  for await (const piece of content) {
    yield piece;
    if (clock.monotonic() - renewed < RENEW_EVERY_MS) continue;
    renewed = clock.monotonic();
    service.renewLease(session);
  }
}

/**
 * The bytes that were announced: what a growing file gets meanwhile is left out, and a shrinking one breaks the reply. An
 * announced length is what lets every client tell a broken reply from a whole one.
 */
export async function* exactly(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of content) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
  if (left > 0) throw new Error('the file has become shorter');
}
