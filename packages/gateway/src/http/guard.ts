/** Who may call at all: looked at before anything else of a request. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { BerthError } from '@berth/wire';
import type { FastifyRequest } from 'fastify';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * A hook that lets through what carries the key and comes from where this node means to be reached. A page in a browser can
 * neither read the key nor be of our origin; both are checked all the same, so that no later feature opens that door.
 */
export function guard(key: string, listenHost: string): (request: FastifyRequest) => Promise<void> {
  const expected = digest(`Bearer ${key}`);
  const localOnly = isLoopback(listenHost);
  return async ({ headers }) => {
    // Digests have one length, so the comparison tells nothing about the key.
    if (!timingSafeEqual(digest(headers.authorization ?? ''), expected)) {
      throw new BerthError('unauthorized', headers.authorization ? 'the key is wrong' : 'no key was given');
    }
    const host = headers.host ?? '';
    if (localOnly && !isLoopback(hostName(host))) {
      throw new BerthError(
        'bad-request',
        `Host is ${JSON.stringify(host.slice(0, 100))}; this node is called by a loopback address only`,
      );
    }
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${host}`) {
      throw new BerthError('bad-request', 'calls from pages of another origin are not served');
    }
  };
}

/** The name in `name`, `name:port`, `[address]:port`. */
export function hostName(authority: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(authority);
  return bracketed ? bracketed[1]! : authority.replace(/:\d*$/, '');
}

/** True for localhost, 127.0.0.0/8 and ::1. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
