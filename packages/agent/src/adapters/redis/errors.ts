/** What Redis or the network may answer, mapped onto the closed list. The only place that reads Redis's words. */
import { BerthError, isBerthError } from '@berth/wire';

const FORBIDDEN = /^(NOAUTH|WRONGPASS|NOPERM)|invalid (username-)?password|AUTH.* without any password/i;

/** There is no connection just now. Says nothing new: why there is none is told by who tries to make one. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
  constructor() {
    super('there is no connection');
  }
}

/** True when this says something about the store, and not only about one key of it. */
export const concernsStore = (thrown: unknown): boolean =>
  !(thrown instanceof NotConnected) && !/^WRONGTYPE/.test(wordsOf(thrown));

/** Error of the closed list for anything that a call threw. */
export function redisError(thrown: unknown, address: string): BerthError {
  if (isBerthError(thrown)) return thrown;
  const says = wordsOf(thrown);
  const about = { cause: thrown, fields: { address } };
  if (FORBIDDEN.test(says))
    return new BerthError('coordinator-forbidden', `Redis at ${address} does not let us in: ${says}`, {
      ...about,
      fix: 'Check user and password for Redis.',
    });
  return new BerthError('coordinator-unavailable', `Redis at ${address} cannot be used: ${says || 'no reason given'}`, {
    ...about,
    fix: 'Check that Redis runs, and that nodes/redis in etcd is its address.',
  });
}

/** A transaction hides its errors among its answers. */
function wordsOf(thrown: unknown): string {
  const { replies } = thrown as { readonly replies?: unknown };
  const hidden: unknown = Array.isArray(replies) ? replies.find((reply) => reply instanceof Error) : undefined;
  const error = hidden ?? thrown;
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
