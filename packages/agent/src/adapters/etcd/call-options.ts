/** What goes along with calls: the token of the user, and that a server without a leader must say so. */
import type { CallOptionsFactory, IOptions } from 'etcd3';

/** gRPC's own call options, which etcd3 passes on. */
export type CallOptions = Exclude<CallOptionsFactory, (...args: never[]) => unknown>;

type Interceptor = NonNullable<CallOptions['interceptors']>[number];
type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/**
 * No repeats and no circuit breaker of the library: it would answer with "broken circuit" for 5 s after etcd is back. Attempts,
 * back-off and counting are ours.
 */
export const TRIED_ONCE = {
  execute: async (fn: (context: { readonly signal: AbortSignal }) => unknown) => fn({ signal: new AbortController().signal }),
} as unknown as Policy;

/** Channel options. Pings find a connection that died without a word; etcd allows one every 5 s. */
export const CHANNEL = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // The coordinator is on the cluster's own network: a proxy for the web is none for it.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
} as const;

/** A token that etcd refused: the library repeats such a call at once, with the same token, for ever. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  constructor() {
    super('etcdserver: invalid auth token');
  }
}

/** Options of one call; not to be used for a second one. `deadlineAt`: milliseconds since the epoch, none for streams. */
export function callOptions(token: string | undefined, deadlineAt?: number): CallOptions {
  let used = false;
  return {
    ...(deadlineAt === undefined ? {} : { deadline: deadlineAt }),
    interceptors: [
      ((options, nextCall) => {
        if (used) throw new TokenRefused();
        used = true;
        const call = nextCall(options);
        const start = call.start.bind(call);
        call.start = (metadata, listener) => {
          // Otherwise a server that is cut off from the cluster keeps a watch open and never says anything.
          metadata.set('hasleader', 'true');
          if (token !== undefined) metadata.set('token', token);
          start(metadata, listener);
        };
        return call as ReturnType<Interceptor>;
      }) satisfies Interceptor,
    ],
  };
}
