import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay } from './backoff.js';

describe('the wait before a repeat', () => {
  it('lies in the upper half of a doubling that is capped', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.integer({ min: 1, max: 1000 }),
        fc.nat(60_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, minMs, extra, r) => {
          const maxMs = minMs + extra;
          const full = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
          const delay = backoffDelay(attempt, { minMs, maxMs, random: () => r });
          expect(delay).toBeGreaterThanOrEqual(full / 2);
          expect(delay).toBeLessThanOrEqual(maxMs);
          expect(delay).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  it('doubles', () => {
    const delays = [0, 1, 2, 3, 4].map((attempt) => backoffDelay(attempt, { minMs: 10, maxMs: 100, random: () => 1 }));
    expect(delays).toEqual([10, 20, 40, 80, 100]);
  });
});
