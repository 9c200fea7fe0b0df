import { describe, expect, it } from 'vitest';
import { AsyncQueue } from './queue.js';

async function readAll<T>(queue: AsyncQueue<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe('an async queue', () => {
  it('gives items in order, whether the reader waits or lags', async () => {
    const queue = new AsyncQueue<number>();
    queue.push(1);
    queue.push(2);
    const reading = readAll(queue);
    await Promise.resolve();
    for (const item of [3, 4, 5]) queue.push(item);
    queue.end();
    expect(await reading).toEqual([1, 2, 3, 4, 5]);
  });

  it('carries undefined as an item like any other', async () => {
    const queue = new AsyncQueue<number | undefined>();
    for (const item of [1, undefined, 2]) queue.push(item);
    queue.end();
    expect(await readAll(queue)).toEqual([1, undefined, 2]);
  });

  it('drops what is pushed after the end', async () => {
    const queue = new AsyncQueue<number>();
    queue.end();
    queue.push(1);
    expect(await readAll(queue)).toEqual([]);
  });

  it('fails after what was pushed before is read, once', async () => {
    const queue = new AsyncQueue<number>();
    queue.push(1);
    queue.fail(new Error('broken'));
    const reader = queue[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ value: 1, done: false });
    await expect(reader.next()).rejects.toThrow('broken');
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  it('fails a reader that waits', async () => {
    const queue = new AsyncQueue<number>();
    const reading = readAll(queue);
    queue.fail(new Error('broken'));
    await expect(reading).rejects.toThrow('broken');
  });

  it('keeps its first end', async () => {
    const queue = new AsyncQueue<number>();
    queue.end();
    queue.fail(new Error('late'));
    expect(await readAll(queue)).toEqual([]);
  });

  it('is over when its reader leaves', async () => {
    const queue = new AsyncQueue<number>();
    for (const item of [1, 2, 3]) queue.push(item);
    for await (const item of queue) if (item === 1) break;
    queue.push(4);
    expect(queue.length).toBe(0);
    expect(await readAll(queue)).toEqual([]);
  });

  it('lets a reader that waits go when another hand ends the iteration', async () => {
    const queue = new AsyncQueue<number>();
    const reader = queue[Symbol.asyncIterator]();
    const waiting = reader.next();
    await reader.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });
});
