import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFrames, encodeJsonFrame, FRAME, RUNNER_PROTOCOL, type Hello } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeRunner, type FakeRunnerScript } from '../../testing/fake-runner.js';
import { someTarget } from '../../testing/link.js';
import { runnerConnector } from './connector.js';

let directory: string;
let runners: FakeRunner[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'connector-'));
  runners = [];
});
afterEach(async () => {
  for (const runner of runners) await runner.stop();
  await rm(directory, { recursive: true, force: true });
});

async function listening(script: FakeRunnerScript = {}, at = directory): Promise<FakeRunner> {
  const runner = await FakeRunner.start(at, { kernel: 'k1', incarnation: 1 }, script);
  runners.push(runner);
  return runner;
}
const HELLO: Hello = { min: 1, max: 1, build: 'b', kernel: 'k1', incarnation: 1, boot: 'x', claimed: false };

describe('connecting to a runner', () => {
  it('shows token, epoch and specification in the welcome, and gives the hello', async () => {
    const runner = await listening();
    const target = someTarget(directory, { epoch: 7 });
    const channel = await runnerConnector.connect(target);
    expect(channel.hello).toMatchObject({ kernel: 'k1', incarnation: 1, claimed: false });
    expect(runner.welcomes).toEqual([{ version: 1, agent: 'i-1', epoch: 7, token: target.token, spec: target.spec }]);
    channel.close();
  });

  it('works in a directory whose path is too long for a socket', async () => {
    const deep = join(directory, 'x'.repeat(120), 'y'.repeat(120));
    await mkdir(deep, { recursive: true });
    await listening({}, deep);
    const channel = await runnerConnector.connect(someTarget(deep));
    await expect(channel.call('runs', {})).resolves.toEqual({ runs: [] });
    channel.close();
  });

  it('takes the highest version that both speak', async () => {
    const runner = await listening({ hello: { min: 1, max: 9 } });
    (await runnerConnector.connect(someTarget(directory))).close();
    expect(runner.welcomes[0]?.version).toBe(RUNNER_PROTOCOL.max);
  });

  it('speaks with a runner of the version before, which has no services', async () => {
    const runner = await listening({ hello: { min: 1, max: 1 } });
    const channel = await runnerConnector.connect(someTarget(directory));
    await expect(channel.connect(8888)).rejects.toMatchObject({ code: 'runner-incompatible' });
    await expect(channel.definition('web')).rejects.toMatchObject({ code: 'runner-incompatible' });
    channel.close();
    expect(runner.welcomes[0]?.version).toBe(1);
  });

  it('says so when nobody listens, or the directory is not there', async () => {
    await expect(runnerConnector.connect(someTarget(directory))).rejects.toMatchObject({ code: 'runner-lost' });
    await expect(runnerConnector.connect(someTarget(join(directory, 'none')))).rejects.toMatchObject({ code: 'runner-lost' });
  });

  it.each<[string, FakeRunnerScript, string, string]>([
    ['of another kernel', { hello: { kernel: 'k2' } }, 'runner-lost', 'k2/1'],
    ['of another incarnation', { hello: { incarnation: 2 } }, 'runner-lost', 'k1/2'],
    ['that is too new', { hello: { min: 3, max: 4 } }, 'runner-incompatible', '3 to 4'],
    ['that is too old', { hello: { min: 0, max: 0 } }, 'runner-incompatible', '0 to 0'],
    ['that names no versions', { hello: { min: 'x' as never, max: null as never } }, 'runner-lost', 'versions'],
    ['whose first frame is absurdly long', { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n') }, 'runner-lost', 'frame'],
    ['whose first frame is no hello', { greeting: encodeJsonFrame(FRAME.reply, 0, {}) }, 'runner-lost', 'hello'],
    ['whose hello is not JSON', { greeting: encodeFrames(FRAME.hello, 0, 0, Buffer.from('{')) }, 'runner-lost', 'JSON'],
    ['whose hello is null', { greeting: encodeJsonFrame(FRAME.hello, 0, null) }, 'runner-lost', 'null'],
    ['that closes at once', { cuts: [1] }, 'runner-lost', 'closed'],
  ])('refuses a runner %s', async (_, script, code, words) => {
    const runner = await listening(script);
    const error = await runnerConnector.connect(someTarget(directory)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain(words);
    expect(runner.welcomes).toEqual([]);
  });

  it('is refused by a runner that knows another token', async () => {
    await listening();
    (await runnerConnector.connect(someTarget(directory))).close();
    await expect(runnerConnector.connect(someTarget(directory, { token: 'cd'.repeat(32) }))).rejects.toMatchObject({
      code: 'runner-lost',
    });
  });

  it('is refused when a newer life of the agent was there', async () => {
    await listening();
    (await runnerConnector.connect(someTarget(directory, { epoch: 2 }))).close();
    await expect(runnerConnector.connect(someTarget(directory, { epoch: 1 }))).rejects.toMatchObject({ code: 'runner-lost' });
  });

  it('survives a break at every byte of the handshake', async () => {
    const length = encodeJsonFrame(FRAME.hello, 0, { ...HELLO, build: 'fake', boot: 'boot' }).length;
    const runner = await listening();
    for (let cut = 1; cut < length + 20; cut += 3) {
      runner.script.cuts = [cut];
      await expect(runnerConnector.connect(someTarget(directory))).rejects.toMatchObject({ code: 'runner-lost' });
    }
    (await runnerConnector.connect(someTarget(directory))).close();
  });

  it('stops when its caller goes away, at a runner that greets nobody', async () => {
    await listening({ greeting: new Uint8Array(0) });
    const controller = new AbortController();
    const connecting = runnerConnector.connect(someTarget(directory), controller.signal);
    controller.abort(new Error('enough'));
    await expect(connecting).rejects.toMatchObject({ code: 'runner-lost', cause: { message: 'enough' } });
  });

  it('gives up after 5 s at a runner that takes the welcome and answers nothing', async () => {
    const runner = await listening({ deaf: true });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const connecting = runnerConnector.connect(someTarget(directory)).catch((e: unknown) => e);
      while (runner.welcomes.length === 0) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(4999);
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      vi.advanceTimersByTime(1);
      expect(await connecting).toMatchObject({ code: 'runner-lost', message: expect.stringContaining('5000 ms') });
      await runner.stop();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
