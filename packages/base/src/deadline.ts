import { LONGEST_TIMER_MS } from './clock.js';

/** Rejection of {@link withDeadline} when time is up. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  /** What took too long. */
  readonly what: string;
  /** The limit in milliseconds. */
  readonly ms: number;

  constructor(what: string, ms: number) {
    super(`${what} did not answer within ${ms} ms`);
    this.what = what;
    this.ms = ms;
  }
}

/**
 * Runs `fn` with a signal that aborts after `ms` milliseconds or with `parent`. Rejects at that moment even when `fn` ignores
 * its signal: a call that hangs must not hang its caller.
 */
export async function withDeadline<T>(
  what: string,
  ms: number,
  fn: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  if (parent?.aborted) throw parent.reason;
  const controller = new AbortController();
  let onParent: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const stop = new Promise<never>((_, reject) => {
      const give = (reason: unknown) => {
        controller.abort(reason);
        reject(reason as Error);
      };
      timer = setTimeout(() => give(new DeadlineError(what, ms)), Math.min(ms, LONGEST_TIMER_MS));
      onParent = () => give(parent!.reason);
      parent?.addEventListener('abort', onParent, { once: true });
    });
    stop.catch(() => {});
    return await Promise.race([fn(controller.signal), stop]);
  } finally {
    clearTimeout(timer);
    if (onParent) parent?.removeEventListener('abort', onParent);
  }
}
