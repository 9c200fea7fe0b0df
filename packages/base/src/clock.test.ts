import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleep, systemClock, VirtualClock } from './clock.js';

describe('the virtual clock', () => {
  it('fires what falls due in order of time, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000)), fc.nat(1000), (delays, step) => {
        const clock = new VirtualClock(0);
        const fired: number[] = [];
        for (const ms of delays) clock.after(ms, () => fired.push(clock.now()));
        clock.advance(step);
        expect(fired).toEqual(delays.filter((ms) => ms <= step).sort((a, b) => a - b));
        expect(clock.pending).toBe(delays.length - fired.length);
        expect([clock.now(), clock.monotonic()]).toEqual([step, step]);
      }),
    );
  });

  it('fires in the same advance what a timer sets for before its end', () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    clock.after(10, () => clock.after(10, () => fired.push(clock.now())));
    clock.advance(20);
    expect(fired).toEqual([20]);
  });

  it('does not fire a timer that was taken back', () => {
    const clock = new VirtualClock();
    const timer = clock.after(10, () => expect.unreachable());
    timer.cancel();
    expect(clock.pending).toBe(0);
    clock.advance(10);
  });
});

describe('sleep', () => {
  it('ends when its time has come, leaving no timer and no listener', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const slept = sleep(50, controller.signal, clock);
    clock.advance(50);
    await slept;
    controller.abort(new Error('too late'));
    expect(clock.pending).toBe(0);
  });

  it('rejects with the reason of its signal, and takes its timer back', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const slept = sleep(50, controller.signal, clock);
    controller.abort(new Error('enough'));
    await expect(slept).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });

  it('does not begin under a signal that has aborted', async () => {
    const clock = new VirtualClock();
    await expect(sleep(50, AbortSignal.abort(new Error('before')), clock)).rejects.toThrow('before');
    expect(clock.pending).toBe(0);
  });
});

describe('the clock of the machine', () => {
  it('fires, unless taken back', async () => {
    systemClock.after(0, () => expect.unreachable()).cancel();
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
  });

  it('has a monotonic hand that does not go back', () => {
    const before = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });
});
