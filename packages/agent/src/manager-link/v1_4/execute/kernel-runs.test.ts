import { BerthError } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecuteWorld, KERNEL, settled, type ExecuteWorldOptions } from '../../../../testing/execute-world.js';
import type { QueueStore, WaitingLine } from './queue-store.js';

let world: ExecuteWorld;
afterEach(async () => {
  await world.executor.stop();
  await world.passed();
  expect(world.clock.pending, 'timers left behind').toBe(0);
});
const start = async (options: ExecuteWorldOptions = {}) => (world = await ExecuteWorld.start(options));

const continued = { status: 'continued', exitCode: null, text: '' };

describe('several runs', () => {
  it('run one after the other, also when all are longer than a call (D31)', async () => {
    await start();
    expect(await world.told(world.query('r1', 'quiet 1'))).toMatchObject(continued);
    const waiting = [world.query('r2', 'quiet 2'), world.query('r3', 'quiet 3')];
    for (const call of waiting) expect(await world.told(call)).toMatchObject(continued);
    expect(world.runs).toHaveLength(1);

    world.runs[0]!.finish();
    await world.advance(1000);
    expect(world.runs.map(({ request }) => request)).toMatchObject([{ code: 'quiet 1' }, { code: 'quiet 2' }]);
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject(continued);
    expect(await world.told(world.call({ runId: 'r3' }))).toMatchObject(continued);
    world.runs[1]!.print('two');
    world.runs[1]!.finish();
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ status: 'finished', text: 'two' });
    await settled();
    world.runs[2]!.finish({ exitCode: 3 });
    expect(await world.told(world.call({ runId: 'r3' }))).toMatchObject({ status: 'finished', exitCode: 3 });
    expect(await world.told(world.call({ runId: 'r1' }))).toMatchObject({ status: 'finished', exitCode: 0 });
  });

  it('let calls for the current one through at once', async () => {
    await start();
    await world.told(world.query('r1', 'quiet'));
    const waiting = world.query('r2', 'numbers 1');
    world.runs[0]!.print('x');
    world.runs[0]!.finish();
    expect(await world.told(world.call({ runId: 'r1' }))).toMatchObject({ status: 'finished', text: 'x' });
    expect(await world.told(waiting)).toMatchObject({ status: 'finished', text: '1\n' });
  });

  it('wait for one that an earlier life of the agent started', async () => {
    await start();
    await world.told(world.query('r1', 'quiet'));
    await world.restart();
    const waiting = world.query('r2', 'numbers 1');
    expect(await world.told(waiting)).toMatchObject(continued);
    expect(world.runs).toHaveLength(1);
    world.runs[0]!.finish();
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ status: 'finished', text: '1\n' });
  });

  it('do not wait for runs of other fronts', async () => {
    await start();
    await world.service.startRun(KERNEL, { runId: 'terminal-1' as never, mode: 'batch', argv: ['stubborn'] });
    expect(await world.told(world.query('r1', 'numbers 1'))).toMatchObject({ status: 'finished' });
  });

  it('do not wait for one that nobody asks for any more: it is interrupted, then killed', async () => {
    await start();
    await world.told(world.query('r1', 'stubborn'));
    const poll = async () => (await world.told(world.call({ runId: 'r2' }))).status;
    await world.told(world.query('r2', 'numbers 1'));
    for (let waited = 0; waited < 56_000; waited += 2000) expect(await poll()).toBe('continued');
    expect(world.runs[0]!.signals).toEqual([]);
    await world.advance(4000);
    expect(world.runs[0]!.signals).toEqual(['interrupt']);
    await world.advance(6000);
    expect(world.runs[0]!.signals).toEqual(['interrupt', 'kill']);
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ status: 'finished', text: '1\n' });
    expect(await world.told(world.call({ runId: 'r1' }))).toMatchObject({ status: 'finished', exitCode: -9 });
  });

  it('leave a long run alone while it is polled, and while nobody waits', async () => {
    await start();
    await world.told(world.query('r1', 'quiet'));
    await world.advance(300_000);
    await world.told(world.query('r2', 'quiet'));
    for (let waited = 0; waited < 200_000; waited += 2000) await world.told(world.call({ runId: 'r1' }));
    expect(world.runs[0]!.signals).toEqual([]);
  });

  it('go on after one that could not be started', async () => {
    await start();
    const { startRun } = world.service;
    await world.told(world.query('r1', 'quiet'));
    const [second, third] = [world.query('r2', 'x'), world.query('r3', 'numbers 1')];
    world.service.startRun = async (id, request) => {
      if (request.mode === 'query' && request.code === 'x') throw new BerthError('language-missing', 'no python here');
      return startRun.call(world.service, id, request);
    };
    const refused = expect(second).rejects.toMatchObject({ code: 'language-missing' });
    await settled();
    world.runs[0]!.finish();
    await settled();
    await refused;
    expect(await world.told(third)).toMatchObject({ status: 'finished', text: '1\n' });
  });

  it('are started once the runner can be reached', async () => {
    await start();
    const { startRun } = world.service;
    let away = 5;
    world.service.startRun = async (id, request) => {
      if (away-- > 0) throw new BerthError('timeout', 'the runner cannot be reached just now');
      return startRun.call(world.service, id, request);
    };
    expect(await world.told(world.query('r1', 'numbers 1'))).toMatchObject(continued);
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', text: '1\n' });
  });
});

describe('runs that wait', () => {
  const lines = new Map<string, WaitingLine>();
  const queue: QueueStore = {
    read: async (id) => lines.get(id),
    write: async (id, line) => void (line.runs.length > 0 ? lines.set(id, line) : lines.delete(id)),
  };
  beforeEach(() => lines.clear());

  it('are still there after the agent was killed, in their order, and start without being asked for', async () => {
    await start({ executor: { queue } });
    await world.told(world.query('r1', 'quiet'));
    await world.told(world.query('r2', 'quiet 2'));
    await world.told(world.call({ runId: 'r3', mode: 'batch', opts: { exec: 'echo 3' } }));
    await world.restart();
    await world.executor.adopt(KERNEL);
    expect(await world.told(world.call({ runId: 'r3' }))).toMatchObject(continued);
    world.runs[0]!.finish();
    await world.advance(1000);
    expect(world.runs.map(({ request }) => request)).toMatchObject([{ code: 'quiet' }, { code: 'quiet 2' }]);
    world.runs[1]!.finish();
    await world.advance(1000);
    expect(world.runs[2]!.request).toMatchObject({ mode: 'batch', argv: ['/bin/sh', '-c', 'echo 3'] });
    expect(lines.size).toBe(0);
  });

  it('are not started twice when the agent is killed right after their start', async () => {
    await start({ executor: { queue } });
    await world.told(world.query('r1', 'quiet'));
    await world.told(world.query('r2', 'quiet 2'));
    const stale = lines.get(KERNEL)!;
    world.runs[0]!.finish();
    await world.advance(1000);
    world.runs[1]!.print('told');
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ text: 'told' });
    await world.restart();
    lines.set(KERNEL, stale);
    await world.executor.adopt(KERNEL);
    await world.advance(2000);
    world.runs[1]!.finish();
    await world.advance(2000);
    expect(world.runs).toHaveLength(2);
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ status: 'finished', text: '' });
  });

  it('are written down only where one has to wait', async () => {
    const written: number[] = [];
    await start({ executor: { queue: { ...queue, write: async (_, { runs }) => void written.push(runs.length) } } });
    for (const run of ['r1', 'r2', 'r3']) await world.told(world.query(run, 'numbers 1'));
    expect(written).toEqual([]);
  });

  it('go with their kernel', async () => {
    await start({ executor: { queue } });
    await world.told(world.query('r1', 'quiet'));
    await world.told(world.query('r2', 'quiet'));
    expect(lines.size).toBe(1);
    await world.service.destroyKernel(KERNEL);
    await settled();
    expect(lines.size).toBe(0);
  });

  it('of an earlier incarnation are forgotten', async () => {
    await start({ executor: { queue } });
    lines.set(KERNEL, { incarnation: 7, runs: [{ key: 'r9', since: 1, wish: { mode: 'query', code: 'quiet' } }] });
    await world.executor.adopt(KERNEL);
    await world.advance(1000);
    expect([world.runs.length, lines.size]).toEqual([0, 0]);
  });

  it('wait also where that cannot be written down', async () => {
    await start({ executor: { queue: { ...queue, write: async () => Promise.reject(new Error('no space')) } } });
    await world.told(world.query('r1', 'quiet'));
    expect(await world.told(world.query('r2', 'numbers 1'))).toMatchObject(continued);
    world.runs[0]!.finish();
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ status: 'finished' });
  });

  it('are at most 200', async () => {
    await start();
    await world.told(world.query('r', 'quiet'));
    const waiting = Array.from({ length: 200 }, (_, i) => world.query(`r${i}`, 'quiet'));
    await settled();
    await expect(world.query('one more', 'quiet')).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
    await world.advance(2000);
    await Promise.all(waiting);
  });
});

describe('the time limit of an image (D29)', () => {
  const limited = { execTimeoutSeconds: 10 };
  const tooLong = { exitCode: null, signal: 'SIGKILL', reason: 'time-limit' } as const;

  it('is the run’s own, and its kernel is ended once that was told', async () => {
    await start(limited);
    await world.told(world.query('r1', 'quiet'));
    expect(world.runs[0]!.request).toMatchObject({ timeoutMs: 10_000 });
    world.runs[0]!.finish(tooLong);
    expect(world.timedOut).toEqual([]);
    expect(await world.told(world.call({}))).toMatchObject({ status: 'exec-timeout', exitCode: null });
    expect(world.timedOut).toEqual([KERNEL]);
  });

  it('ends the kernel also when nobody asks, and starts nothing more in it', async () => {
    await start(limited);
    await world.told(world.query('r1', 'quiet'));
    await world.told(world.query('r2', 'numbers 1'));
    world.runs[0]!.finish(tooLong);
    await world.advance(15_000);
    expect(world.timedOut).toEqual([KERNEL]);
    expect(world.runs).toHaveLength(1);
  });

  it('is kept by an agent that was killed meanwhile', async () => {
    await start(limited);
    await world.told(world.query('r1', 'quiet'));
    await world.restart();
    await world.executor.adopt(KERNEL);
    world.runs[0]!.finish(tooLong);
    await world.advance(25_000);
    expect(world.timedOut).toEqual([KERNEL]);
  });

  it('is kept also when the run was over before the agent was back', async () => {
    await start(limited);
    await world.told(world.query('r1', 'quiet'));
    await world.executor.stop();
    world.runs[0]!.finish(tooLong);
    await world.restart();
    await world.executor.adopt(KERNEL);
    await world.advance(11_000);
    expect(world.timedOut).toEqual([KERNEL]);
  });

  it('is told of a run that does not end in spite of it', async () => {
    await start(limited);
    await world.told(world.query('r1', 'stubborn'));
    await world.advance(14_500);
    expect(await world.told(world.call({}))).toMatchObject({ status: 'exec-timeout' });
    expect(world.timedOut).toEqual([KERNEL]);
  });

  it('is not the sum over several runs', async () => {
    await start(limited);
    for (const run of ['r1', 'r2', 'r3']) {
      await world.told(world.query(run, 'quiet'));
      await world.advance(6000);
      world.runs.at(-1)!.finish();
      expect(await world.told(world.call({ runId: run }))).toMatchObject({ status: 'finished' });
    }
    expect(world.timedOut).toEqual([]);
  });
});

describe('a kernel', () => {
  it('that is not there is told to the manager', async () => {
    await start();
    for (const kernelId of ['k9', '../x', '']) {
      await expect(world.call({ kernelId })).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
    }
    await world.service.destroyKernel(KERNEL);
    await expect(world.call({})).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
    expect(world.unknown).toEqual(['k9', '../x', '', KERNEL]);
  });

  it('that ends under its calls answers them with nil', async () => {
    await start();
    const calls = [world.query('r1', 'quiet'), world.query('r2', 'quiet')];
    await world.advance(500);
    await world.service.destroyKernel(KERNEL);
    for (const call of calls) expect(await world.told(call)).toMatchObject({ result: null });
    expect(world.unknown).toEqual([]);
  });

  it('that is started anew forgets its runs and takes new ones', async () => {
    await start();
    const call = world.query('r1', 'quiet');
    await world.advance(500);
    await world.service.restartKernel(KERNEL);
    expect(await world.told(call)).toMatchObject({ result: null });
    expect(await world.told(world.query('r1', 'numbers 1'))).toMatchObject({ status: 'finished', text: '1\n' });
  });

  it('with a terminal takes its size and pings out of band', async () => {
    const seen: unknown[] = [];
    const terminal = { resize: (size: object) => void seen.push(size), ping: () => void seen.push('ping') };
    await start({ executor: { terminalOf: () => terminal } });
    const finished = { status: 'finished', exitCode: 0, text: '' };
    expect(await world.told(world.query('a', '%resize 24 80'))).toMatchObject(finished);
    expect(await world.told(world.query('b', '%ping'))).toMatchObject(finished);
    expect(seen).toEqual([{ rows: 24, columns: 80 }, 'ping']);
    expect(world.runs).toHaveLength(0);
    await expect(world.query('c', '%resize 0 80')).rejects.toMatchObject({ type: 'builtins.ValueError' });
  });

  it('without a terminal runs such lines as code', async () => {
    await start();
    await world.told(world.query('a', '%ping'));
    expect(world.runs[0]!.request).toMatchObject({ code: '%ping' });
  });
});
