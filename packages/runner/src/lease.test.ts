import { VirtualClock } from '@berth/base';
import { RUNNER_PROTOCOL } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { Lease, type LeaseEnd } from './lease.js';
import { Claim } from './server/claim.js';

function lease() {
  const clock = new VirtualClock();
  const ends: LeaseEnd[] = [];
  return { clock, ends, lease: new Lease(clock, (end) => ends.push(end)) };
}

describe('the lease', () => {
  it('ends when no agent came at all', () => {
    const { clock, ends } = lease();
    clock.advance(600_000);
    expect(ends).toEqual(['dead-man']);
  });

  it('begins anew each time the agent leaves', () => {
    const { clock, ends, lease: own } = lease();
    own.begin({ deadManSeconds: 10, lifetimeSeconds: null });
    own.connected(true);
    clock.advance(1e9);
    own.connected(false);
    clock.advance(9_999);
    own.connected(true);
    own.connected(false);
    clock.advance(9_999);
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends).toEqual(['dead-man']);
  });

  it('does not count what it slept through, as a paused kernel does', () => {
    let now = 0;
    let timer: (() => void) | undefined;
    const clock = { now: () => now, monotonic: () => now, after: (_: number, fn: () => void) => ((timer = fn), { cancel() {} }) };
    const ends: LeaseEnd[] = [];
    new Lease(clock, (end) => ends.push(end)).begin({ deadManSeconds: 600, lifetimeSeconds: null });
    now += 7 * 24 * 3600 * 1000;
    timer!();
    expect(ends).toEqual([]);
    for (let waited = 0; waited < 600; waited += 10) {
      now += 10_000;
      timer!();
    }
    expect(ends).toEqual(['dead-man']);
  });

  it('holds a lifetime beyond the longest timer', () => {
    const { clock, ends, lease: own } = lease();
    const seconds = 60 * 24 * 3600;
    own.begin({ deadManSeconds: 10, lifetimeSeconds: seconds });
    own.connected(true);
    clock.advance(seconds * 1000 - 1);
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends).toEqual(['lifetime']);
  });

  it('leaves no timer when stopped', () => {
    const { clock, lease: own } = lease();
    own.begin({ deadManSeconds: 10, lifetimeSeconds: 10 });
    own.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('the claim', () => {
  const welcome = (epoch: number, token = 'a'.repeat(32), version = 1) => ({ version, token, epoch });

  it('goes to the first, and then to its token and no older epoch', () => {
    const claim = new Claim();
    expect(claim.judge(welcome(1, 'a'.repeat(32), RUNNER_PROTOCOL.max + 1))).toBe('refused');
    expect(claim.claimed).toBe(false);
    expect(claim.judge(welcome(3))).toBe('first');
    expect(claim.judge(welcome(3))).toBe('again');
    expect(claim.judge(welcome(4, 'b'.repeat(32)))).toBe('refused');
    expect(claim.judge(welcome(2))).toBe('refused');
    expect(claim.judge(welcome(5))).toBe('again');
    expect(claim.judge(welcome(4))).toBe('refused');
  });
});
