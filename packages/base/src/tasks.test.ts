import { describe, expect, it } from 'vitest';
import { OwnedTasks } from './tasks.js';

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('owned tasks', () => {
  it('are all over when stop resolves', async () => {
    const tasks = new OwnedTasks(() => expect.unreachable());
    let ended = 0;
    for (const name of ['a', 'b']) {
      tasks.start(name, async (signal) => {
        await untilAborted(signal);
        await new Promise((resolve) => setImmediate(resolve));
        ended += 1;
      });
    }
    expect(tasks.names).toEqual(['a', 'b']);
    await tasks.stop();
    expect(ended).toBe(2);
    expect(tasks.names).toEqual([]);
  });

  it('report a failure by name', async () => {
    const failed = new Promise<[string, unknown]>((resolve) => {
      const tasks = new OwnedTasks((...failure) => resolve(failure));
      tasks.start('bad', () => Promise.reject(new Error('no')));
    });
    expect(await failed).toEqual(['bad', new Error('no')]);
  });

  it('that fail while their owner stops are not reported', async () => {
    const tasks = new OwnedTasks(() => expect.unreachable());
    tasks.start('a', async (signal) => {
      await untilAborted(signal);
      throw new Error('aborted');
    });
    await tasks.stop();
  });

  it('do not begin after stop', async () => {
    const tasks = new OwnedTasks(() => expect.unreachable());
    await tasks.stop();
    tasks.start('late', () => expect.unreachable());
    expect(tasks.names).toEqual([]);
  });

  it('are forgotten when they end', async () => {
    const tasks = new OwnedTasks(() => {});
    tasks.start('short', () => Promise.resolve());
    await new Promise((resolve) => setImmediate(resolve));
    expect(tasks.names).toEqual([]);
  });
});
