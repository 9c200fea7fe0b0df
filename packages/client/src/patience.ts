/** Waiting for a node that went away and comes back. */
import { setTimeout as wait } from 'node:timers/promises';
import { isBerthError } from '@berth/wire';

/** How long to wait for a node, and who wants to know. */
export interface Patience {
  /** Milliseconds from the moment the node was lost; default 75,000: a node may stay away for a minute. */
  readonly reconnectMs?: number;
  /** Ends the waiting; what it rejects with is the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told once each time the node is lost. */
  readonly onAway?: () => void;
}

export const DEFAULT_RECONNECT_MS = 75_000;

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;

/** True when the same call may succeed once the node is back. */
export function isAway(error: unknown): boolean {
  return isBerthError(error) && (error.code === 'node-lost' || error.code === 'shutting-down');
}

/**
 * Calls `fn` until it answers, again and again while the node is away. For idempotent calls only: the node may have done what
 * was asked before it was lost. Rejects with the last `node-lost` when time is up, and at once with any other error.
 */
export async function whileNodeAway<T>(fn: () => Promise<T>, patience: Patience = {}): Promise<T> {
  const { reconnectMs = DEFAULT_RECONNECT_MS, signal, onAway } = patience;
  let lostAt: number | undefined;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await fn();
    } catch (error) {
      if (!isAway(error)) throw error;
      if (lostAt === undefined) onAway?.();
      lostAt ??= performance.now();
      const left = lostAt + reconnectMs - performance.now();
      if (left <= 0) throw error;
      await pause(attempt, signal, left);
    }
  }
}

/** Waits before repeat `attempt`, at most `most` ms: doubling, spread over its upper half so that many clients of one node part. */
export async function pause(attempt: number, signal: AbortSignal | undefined, most = Infinity): Promise<void> {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10));
  const ms = Math.min(most, full * (0.5 + Math.random() / 2));
  await wait(ms, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
}
