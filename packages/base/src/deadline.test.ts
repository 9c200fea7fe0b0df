import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineError, withDeadline } from './deadline.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = (): Promise<never> => new Promise(() => {});

describe('a deadline', () => {
  it('gives the result, leaving no timer', async () => {
    await expect(withDeadline('it', 100, () => Promise.resolve(7))).resolves.toBe(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects when time is up although the work ignores its signal', async () => {
    const late = withDeadline('the driver', 100, never).catch((e: unknown) => e);
    await vi.advanceTimersByTimeAsync(100);
    const error = await late;
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error).toMatchObject({ what: 'the driver', ms: 100, message: 'the driver did not answer within 100 ms' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('aborts the signal of the work when time is up', async () => {
    let seen: AbortSignal | undefined;
    const late = withDeadline('it', 100, (signal) => ((seen = signal), never())).catch(() => {});
    expect(seen?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    await late;
    expect(seen?.reason).toBeInstanceOf(DeadlineError);
  });

  it('passes on the abort of its parent', async () => {
    const parent = new AbortController();
    let seen: AbortSignal | undefined;
    const stopped = withDeadline('it', 100, (signal) => ((seen = signal), never()), parent.signal);
    parent.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect((seen?.reason as Error).message).toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not begin when its parent has aborted', async () => {
    const work = vi.fn(never);
    await expect(withDeadline('it', 100, work, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(work).not.toHaveBeenCalled();
  });

  it('hands on a failure, and one that comes too late is nobody’s unhandled rejection', async () => {
    await expect(withDeadline('it', 100, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    let fail!: (error: Error) => void;
    const late = withDeadline('it', 100, () => new Promise((_, reject) => (fail = reject))).catch((e: unknown) => e);
    await vi.advanceTimersByTimeAsync(100);
    expect(await late).toBeInstanceOf(DeadlineError);
    fail(new Error('late'));
    await Promise.resolve();
  });

  it('beyond what a timer can hold does not fire at once', async () => {
    const result = withDeadline('it', 2 ** 40, () => new Promise((resolve) => setTimeout(resolve, 1000, 'done')));
    await vi.advanceTimersByTimeAsync(1000);
    await expect(result).resolves.toBe('done');
  });
});
