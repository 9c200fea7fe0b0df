/** One watch on a few keys, over one stream. */
import { AsyncQueue } from '@berth/base';
import type { IWatchResponse } from 'etcd3';
import type { KeyState } from '../../ports/coordinator.js';
import type { EtcdConnection } from './connection.js';
import { bytes, nextRevision } from './keys.js';

/** Changes that wait for a slow reader; with more the watch ends, and the next look makes up for it. */
const BACKLOG = 1_000;

/** Changes of `keys` after `revision`. Rejects when the stream ends, or when etcd cancels the watch (compacted, forbidden). */
export async function* watchKeys(
  connection: EtcdConnection,
  prefix: string,
  keys: readonly string[],
  revision: string,
  signal: AbortSignal,
): AsyncGenerator<KeyState> {
  signal.throwIfAborted();
  const queue = new AsyncQueue<KeyState>();
  const stream = await connection.stream((client, options) => client.watchClient.watch(options));
  const onAbort = () => queue.fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  stream
    .on('data', (answer: IWatchResponse) => {
      if (answer.canceled) {
        connection.forgetToken();
        queue.fail(new Error(`etcd ended the watch: ${answer.cancel_reason || `compacted up to ${answer.compact_revision}`}`));
      }
      for (const { type, kv } of answer.events) {
        const removed = String(type).toLowerCase() === 'delete';
        queue.push({ key: kv.key.toString().slice(prefix.length), value: removed ? null : kv.value.toString() });
      }
      if (queue.length > BACKLOG) queue.fail(new Error('the reader of the watch is too slow'));
    })
    .on('error', (error: Error) => queue.fail(error))
    .on('end', () => queue.fail(new Error('etcd ended the stream')));
  try {
    if (signal.aborted) onAbort();
    for (const key of keys)
      stream.write({ create_request: { key: bytes(prefix + key), start_revision: nextRevision(revision) } });
    yield* queue;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // In this order: the library takes the end of a stream that can be written for a failure of the server, and drops its channels.
    stream.end();
    stream.cancel();
  }
}
