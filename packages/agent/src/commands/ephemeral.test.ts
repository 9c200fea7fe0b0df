import { VirtualClock } from '@berth/base';
import { describe, expect, it } from 'vitest';
import { untilUnused } from './ephemeral.js';

/** Turns the clock second by second until it is over, and tells how many that took. */
async function secondsUntilUnused(living: (second: number) => number): Promise<number> {
  const clock = new VirtualClock();
  let second = 0;
  let over = false;
  const service = { listKernels: () => Array(living(second)).fill({}) as never };
  void untilUnused(service, new AbortController().signal, clock).then(() => (over = true));
  while (!over && second < 100) {
    second += 1;
    for (let i = 0; i < 2; i++) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return second;
}

describe('untilUnused', () => {
  it('waits 10 s for a first session', async () => expect(await secondsUntilUnused(() => 0)).toBe(10));
  it('counts from the end of the last session', async () => expect(await secondsUntilUnused((s) => (s <= 30 ? 1 : 0))).toBe(40));
  it('begins anew with each session', async () =>
    expect(await secondsUntilUnused((s) => (s === 8 || s === 15 ? 1 : 0))).toBe(25));
  it('never ends while a session lives', async () => expect(await secondsUntilUnused(() => 1)).toBe(100));
});
