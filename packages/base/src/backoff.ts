/** How to wait between attempts: doubling from `minMs` to `maxMs`, each wait spread over its upper half so that many waiters part. */
export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** 0 to 1; replaced in tests. */
  readonly random?: () => number;
}

/** Delay in milliseconds before attempt `attempt` (0: the first repeat). */
export function backoffDelay(attempt: number, { minMs, maxMs, random = Math.random }: BackoffOptions): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
  return full / 2 + (full / 2) * random();
}
