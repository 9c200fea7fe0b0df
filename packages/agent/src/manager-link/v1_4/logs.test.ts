import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecuteWorld, KERNEL, settled } from '../../../testing/execute-world.js';
import { readLogs } from './logs.js';

let world: ExecuteWorld;
beforeEach(async () => void (world = await ExecuteWorld.start()));
afterEach(() => world.executor.stop());

const limits = (bytes: number, deadlineMs = 4000) => ({ bytes, deadlineMs });
async function begin(code = 'quiet') {
  await world.service.startRun(KERNEL, { runId: `r${world.runs.length}` as never, mode: 'query', language: 'python', code });
  return world.runs.at(-1)!;
}

describe('logs', () => {
  it('are both streams of all runs in the order of their start, each byte once', async () => {
    const first = await begin();
    const second = await begin();
    first.print('one ');
    second.print('two ');
    first.emit({ type: 'stderr', data: Buffer.from('oops ') });
    first.emit({ type: 'html', text: '<b>' });
    first.finish();
    expect(await readLogs(world.service, KERNEL)).toEqual({ logs: 'one oops two ' });
    expect(await readLogs(world.service, KERNEL)).toEqual({ logs: 'one oops two ' });
  });

  it('confirm nothing: the run’s own reader misses none of it', async () => {
    const call = world.query('r', 'quiet');
    await settled();
    world.runs[0]!.print('x');
    await readLogs(world.service, KERNEL);
    expect(world.runs[0]!.view.acknowledged).toBe(0);
    expect(await world.told(call)).toMatchObject({ text: 'x' });
  });

  it('are the newest bytes where there are more, and begin with a whole character', async () => {
    for (let i = 0; i < 3; i++) (await begin()).print(`${i}é`.repeat(1000));
    const { logs } = await readLogs(world.service, KERNEL, limits(4000));
    expect(Buffer.byteLength(logs)).toBeGreaterThan(3990);
    expect(Buffer.byteLength(logs)).toBeLessThanOrEqual(4000);
    expect(logs).not.toContain('\ufffd');
    expect(logs.endsWith('2é')).toBe(true);
    expect(logs).toContain('1é');
    expect(logs).not.toContain('0é');
  });

  it('reach back over many small records', async () => {
    const run = await begin();
    for (let i = 1; i <= 1000; i++) run.print(`${i}\n`);
    const { logs } = await readLogs(world.service, KERNEL);
    expect(logs.split('\n').slice(0, -1).map(Number)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  it('pass over media that are larger than a window', async () => {
    const run = await begin();
    run.print('a');
    run.emit({ type: 'media', mime: 'image/png', data: 'x'.repeat(9_000_000), encoding: 'base64' });
    run.print('b');
    expect(await readLogs(world.service, KERNEL)).toEqual({ logs: 'ab' });
  });

  it('are what could be read in time', async () => {
    (await begin()).print('never seen');
    (await begin()).print('seen');
    const { attachRun } = world.service;
    world.service.attachRun = async (id, runId, options) =>
      runId === 'r0' ? new Promise(() => {}) : attachRun.call(world.service, id, runId, options);
    expect(await readLogs(world.service, KERNEL, limits(1000, 50))).toEqual({ logs: 'seen' });
  });

  it('of a kernel that has printed nothing are empty', async () => {
    expect(await readLogs(world.service, KERNEL)).toEqual({ logs: '' });
  });
});
