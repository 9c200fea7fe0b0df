import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, type KernelEvent, type KernelId, type RunId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { printing } from '../../testing/fake-runner.js';
import { readRecords } from '../../testing/link.js';
import { NOTHING_LEFT, someRequest, World, type LivingAgent } from '../../testing/world.js';
import type { KernelState } from '../model/kernel-state.js';
import { scratchLayout } from './scratch-layout.js';

const K1 = 'k1' as KernelId;
const R1 = 'r1' as RunId;
const batch = { mode: 'batch', runId: R1, argv: ['true'] } as const;

let world: World;
let agent: LivingAgent;
beforeEach(async () => {
  world = await World.make();
  agent = await world.agent();
});
afterEach(() => world.dispose());

/** Resolves with the view once the kernel is in such a state. */
async function until(test: (state: KernelState) => boolean): Promise<void> {
  await agent.registry.find(K1)?.until(test);
}
const released = (state: KernelState): boolean => state.released;

describe('creating a kernel', () => {
  it('gives a running one, with a container of its own and a runner that knows its specification', async () => {
    const request = someRequest('k1', { env: { GREETING: 'mine', MORE: '1' }, deadManSeconds: 99 });
    const view = await agent.service.createKernel(request);
    expect(view).toMatchObject({ kernelId: 'k1', phase: 'running', reachable: true, incarnation: 1, spec: request.spec });
    expect(agent.service.listKernels()).toEqual([view]);
    expect((await world.leftovers())['containers']).toEqual(['berth-k1-1']);
    expect(world.runners.get('k1')!.welcomes[0]!.spec).toMatchObject({
      env: { PATH: '/bin', GREETING: 'mine', MORE: '1' },
      deadManSeconds: 99,
      fifos: 32,
    });
  });

  it('tells each phase once, in order', async () => {
    const stop = new AbortController();
    const events = agent.service.events(stop.signal);
    await agent.service.createKernel(someRequest());
    await agent.service.destroyKernel(K1);
    stop.abort();
    const seen: KernelEvent[] = [];
    for await (const event of events) seen.push(event);
    const phases = seen.flatMap((event) => (event.type === 'kernel-phase' ? [event.phase] : []));
    expect(phases).toEqual(['starting', 'running', 'stopping', 'terminated']);
    expect(seen.map((event) => event.cursor)).toEqual(seen.map((_, index) => index + 1));
  });

  it('of an unknown image says so and leaves nothing', async () => {
    const creating = agent.service.createKernel(someRequest('k1', { image: 'none' }));
    await expect(creating).rejects.toMatchObject({ code: 'image-not-found' });
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'terminated', reason: 'create-failed' });
  });

  it('whose container cannot be started names the step and leaves nothing', async () => {
    vi.spyOn(world.driver, 'start').mockRejectedValueOnce(new Error('no such device'));
    const creating = agent.service.createKernel(someRequest());
    await expect(creating).rejects.toMatchObject({ code: 'create-failed', message: 'the step container failed: no such device' });
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('is told at once that it failed, also while what was made cannot be undone yet', async () => {
    const away = new BerthError('driver-unavailable', 'gone');
    vi.spyOn(world.driver, 'start').mockRejectedValueOnce(away);
    const remove = vi.spyOn(world.driver, 'remove').mockRejectedValueOnce(away);
    await expect(agent.service.createKernel(someRequest())).rejects.toMatchObject({ code: 'driver-unavailable' });
    expect(agent.service.getKernel(K1).phase).toBe('stopping');
    world.now += 30_000;
    await agent.tick();
    await until(released);
    expect(remove).toHaveBeenCalledTimes(2);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('whose container ends at once says so and leaves nothing', async () => {
    const start = world.driver.start.bind(world.driver);
    vi.spyOn(world.driver, 'start').mockImplementation(async (id, signal) => {
      await start(id, signal);
      await world.containerEnds('k1', 127);
    });
    const error = await agent.service.createKernel(someRequest()).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'create-failed' });
    expect((error as Error).message).toContain('127');
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('twice gives the same kernel, also at the same time', async () => {
    const [first, second] = await Promise.all([
      agent.service.createKernel(someRequest()),
      agent.service.createKernel(someRequest()),
    ]);
    expect([second, await agent.service.createKernel(someRequest())]).toEqual([first, first]);
    expect((await world.leftovers())['containers']).toHaveLength(1);
  });

  it('of the same id but another specification is refused, and the first one lives', async () => {
    await agent.service.createKernel(someRequest());
    const other = agent.service.createKernel(someRequest('k1', { cpus: 2 }));
    await expect(other).rejects.toMatchObject({ code: 'session-exists' });
    expect(agent.service.getKernel(K1).phase).toBe('running');
  });

  it('again after the first one has ended makes a new one', async () => {
    await agent.service.createKernel(someRequest());
    await agent.service.destroyKernel(K1);
    await expect(agent.service.createKernel(someRequest('k1', { cpus: 2 }))).resolves.toMatchObject({ phase: 'running' });
  });

  it('is not begun for a caller who has gone', async () => {
    const gone = AbortSignal.abort(new BerthError('cancelled', 'gone'));
    await expect(agent.service.createKernel(someRequest(), gone)).rejects.toMatchObject({ code: 'cancelled' });
    expect(agent.service.listKernels({ ended: true })).toEqual([]);
  });

  it('is undone whenever its caller goes away', { timeout: 60_000 }, async () => {
    const moments: string[] = [];
    agent.life.onMoment = (name) => moments.push(name);
    await agent.service.createKernel(someRequest());
    const count = moments.length;
    expect(moments).toContain('after container.acquire');
    await agent.service.destroyKernel(K1);
    for (let moment = 1; moment <= count; moment++) {
      let seen = 0;
      const caller = new AbortController();
      agent.life.onMoment = () => {
        if (++seen === moment) caller.abort();
      };
      const created = await agent.service.createKernel(someRequest(), caller.signal).catch((e: unknown) => e);
      agent.life.onMoment = () => {};
      // The last moments are the first looks and links of a kernel that may be ready already.
      if (created instanceof BerthError) expect(created.code, moments[moment - 1]).toBe('cancelled');
      else await agent.service.destroyKernel(K1);
      expect(await world.leftovers(), moments[moment - 1]).toEqual(NOTHING_LEFT);
      if (moment < count - 4) expect(created, moments[moment - 1]).toBeInstanceOf(BerthError);
    }
  });
});

describe('destroying a kernel', () => {
  it('leaves nothing, and once more changes nothing', async () => {
    await agent.service.createKernel(someRequest());
    const [first, second] = await Promise.all([agent.service.destroyKernel(K1), agent.service.destroyKernel(K1)]);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
    expect(first).toMatchObject({ phase: 'terminated', reason: 'user-requested', reachable: false });
    expect([second, await agent.service.destroyKernel(K1)]).toEqual([first, first]);
    expect(agent.service.listKernels()).toEqual([]);
    expect(agent.service.listKernels({ ended: true })).toEqual([first]);
  });

  it('that nobody knows says so', async () => {
    await expect(agent.service.destroyKernel(K1)).rejects.toMatchObject({ code: 'no-such-session' });
    expect(() => agent.service.getKernel(K1)).toThrow('there is no session k1');
  });

  it('asks the runner first when there is grace, and not otherwise', async () => {
    const shutdowns = async (graceMs: number): Promise<number> => {
      await agent.service.createKernel(someRequest());
      const { requests } = world.runners.get('k1')!;
      await agent.service.destroyKernel(K1, { graceMs });
      return requests.filter(({ method }) => method === 'shutdown').length;
    };
    expect([await shutdowns(500), await shutdowns(0)]).toEqual([1, 0]);
  });

  it('goes on until all of it is undone', async () => {
    await agent.service.createKernel(someRequest());
    const remove = vi.spyOn(world.driver, 'remove');
    for (let i = 0; i < 2; i++) remove.mockRejectedValueOnce(new BerthError('timeout', 'slow'));
    const destroying = agent.service.destroyKernel(K1, { graceMs: 0 });
    for (const failures of [1, 2]) {
      await until((state) => state.releaseFailures === failures);
      expect(agent.service.getKernel(K1).phase).toBe('stopping');
      world.now += 30_000;
      await agent.tick();
    }
    await expect(destroying).resolves.toMatchObject({ phase: 'terminated' });
    expect(remove).toHaveBeenCalledTimes(3);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('removes its journal last, and tries that again too', async () => {
    await agent.service.createKernel(someRequest());
    vi.spyOn(world.journals, 'remove').mockRejectedValueOnce(new Error('EIO'));
    const destroying = agent.service.destroyKernel(K1, { graceMs: 0 });
    await until((state) => state.releaseFailures === 1);
    world.now += 30_000;
    await agent.tick();
    await destroying;
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('a kernel whose container ends by itself', () => {
  it.each<[string, number, boolean, string | undefined, string]>([
    ['with its runner', 3, false, undefined, 'runner-lost'],
    ['for want of memory', 137, true, undefined, 'oom'],
    ['as its runner says: nobody came', 0, false, '{"reason":"dead-man","at":1}', 'dead-man'],
    ['as its runner says: its time is over', 0, false, '{"reason":"lifetime","at":1}', 'lifetime'],
    ['with a note that makes no sense', 1, false, '{"reason":"user-requested"}', 'runner-lost'],
  ])('ends %s', async (_, exitCode, oomKilled, note, reason) => {
    await agent.service.createKernel(someRequest());
    if (note !== undefined)
      await writeFile(join(scratchLayout(world.scratchRoot, { kernelId: K1, incarnation: 1 }).run, 'exit.json'), note);
    const over = until(released);
    await world.containerEnds('k1', exitCode, { oomKilled });
    await over;
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'terminated', reason });
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
    await expect(agent.service.startRun(K1, batch)).rejects.toMatchObject({ code: 'session-ended' });
  });

  it('fails who reads from it, with the reason', async () => {
    world.script = { runs: { r1: printing(['a']).slice(0, 1) } };
    await agent.service.createKernel(someRequest());
    const reading = readRecords(await agent.service.attachRun(K1, R1, { from: 1 })).catch((e: unknown) => e);
    await world.containerEnds('k1', 1);
    expect(await reading).toMatchObject({ code: 'session-ended', fields: { reason: 'runner-lost' } });
  });
});

describe('time', () => {
  it('ends a kernel whose lease nobody renews, and no other', async () => {
    await agent.service.createKernel(someRequest('k1', { leaseSeconds: 10 }));
    await agent.service.createKernel(someRequest('k2'));
    world.now += 9_000;
    agent.service.renewLease(K1);
    world.now += 9_000;
    await agent.tick();
    expect(agent.service.getKernel(K1).phase).toBe('running');
    await agent.service.startRun(K1, batch);
    world.now += 9_999;
    await agent.tick();
    expect(agent.service.getKernel(K1).phase).toBe('running');
    world.now += 1;
    const over = until(released);
    await agent.tick();
    await over;
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'terminated', reason: 'lease-expired' });
    expect(agent.service.getKernel('k2' as KernelId).phase).toBe('running');
  });
});

describe('a full state disk', () => {
  it('refuses new kernels, having made nothing, and lets the old ones live and end', async () => {
    await agent.service.createKernel(someRequest());
    world.journals.full = true;
    const create = vi.spyOn(world.driver, 'create');
    await expect(agent.service.createKernel(someRequest('k2'))).rejects.toMatchObject({ code: 'state-unwritable' });
    expect(create).not.toHaveBeenCalled();
    expect(await world.leftovers()).toMatchObject({ scratch: ['k1'], journals: ['k1'] });
    await expect(agent.service.startRun(K1, batch)).resolves.toMatchObject({ runId: R1 });
    await agent.service.destroyKernel(K1);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('a run', () => {
  beforeEach(() => agent.service.createKernel(someRequest()));

  it('is started once, however often it is asked for', async () => {
    await agent.service.startRun(K1, batch);
    await agent.service.startRun(K1, batch);
    expect(world.runners.get('k1')!.started).toEqual([batch]);
    await expect(agent.service.listRuns(K1)).resolves.toMatchObject([{ runId: R1, state: 'finished' }]);
  });

  it('passes on input, signals and completions', async () => {
    await agent.service.startRun(K1, batch);
    await expect(agent.service.sendInput(K1, R1, 3, Buffer.from('four'), false)).resolves.toBe(7);
    await agent.service.signalRun(K1, R1, 'interrupt');
    await expect(agent.service.complete(K1, 'python', 'pri', 3)).resolves.toEqual(['pri']);
    expect(world.runners.get('k1')!.requests.map(({ method }) => method)).toEqual([
      ...['runs', 'start', 'input', 'signal', 'complete'],
    ]);
  });

  it('goes on over a lost link', async () => {
    const runner = world.runners.get('k1')!;
    runner.script.runs = { r1: printing(Array.from({ length: 50 }, (_, i) => `${i}\n`)) };
    const stream = await agent.service.attachRun(K1, R1, { from: 1, windowBytes: 10 });
    const seen: number[] = [];
    for await (const frames of stream) {
      seen.push(...frames.map((frame) => frame.seq));
      if (seen.length % 3 === 0) runner.dropConnections();
      stream.ack(frames.at(-1)!.seq);
    }
    expect(seen).toEqual(Array.from({ length: 51 }, (_, i) => i + 1));
    expect(runner.welcomes.length).toBeGreaterThan(1);
  });

  it('waits for a link that is down just now', async () => {
    world.runners.get('k1')!.dropConnections();
    await until((state) => state.link === 'down');
    await expect(agent.service.startRun(K1, batch)).resolves.toMatchObject({ runId: R1 });
  });

  it('that nobody knows is told at once', async () => {
    await expect(agent.service.attachRun(K1, 'none' as RunId, { from: 1 })).rejects.toMatchObject({ code: 'no-such-run' });
  });

  it('ends quietly for a reader who closes it, also while the link is sought', async () => {
    const runner = world.runners.get('k1')!;
    runner.script.runs = { r1: printing(['a', 'b']).slice(0, 2) };
    const stream = await agent.service.attachRun(K1, R1, { from: 1 });
    const reading = readRecords(stream);
    runner.script.greeting = Buffer.from('no');
    runner.dropConnections();
    await until((state) => state.link === 'down');
    stream.close();
    expect((await reading).length).toBeLessThanOrEqual(2);
  });
});

describe('restarting a kernel', () => {
  it('gives its next incarnation, with another container and token, and the same files', async () => {
    const before = await agent.service.createKernel(someRequest());
    await agent.service.writeFile(K1, 'kept', bytes('content'));
    const view = await agent.service.restartKernel(K1);
    expect(view).toEqual({ ...before, incarnation: 2, containerId: expect.any(String) as string });
    expect(view.containerId).not.toBe(before.containerId);
    expect(await world.leftovers()).toMatchObject({ containers: ['berth-k1-2'], runners: ['k1'] });
    expect((await agent.service.readFile(K1, 'kept')).entry.size).toBe(7);
  });

  it('ends the streams of before', async () => {
    world.script = { runs: { [R1]: [] } };
    await agent.service.createKernel(someRequest());
    await agent.service.startRun(K1, batch);
    const reading = readRecords(await agent.service.attachRun(K1, R1, { from: 1 }));
    world.script = {};
    const refused = expect(reading).rejects.toMatchObject({ code: 'no-such-run' });
    await agent.service.restartKernel(K1);
    await refused;
  });

  it('that is asked for twice at the same time happens once', async () => {
    await agent.service.createKernel(someRequest());
    await Promise.all([agent.service.restartKernel(K1), agent.service.restartKernel(K1)]);
    expect(agent.service.getKernel(K1).incarnation).toBe(2);
    expect((await world.leftovers())['containers']).toEqual(['berth-k1-2']);
  });

  it('that fails ends the kernel and leaves nothing', async () => {
    await agent.service.createKernel(someRequest());
    world.driver.images.clear();
    await expect(agent.service.restartKernel(K1)).rejects.toMatchObject({ code: 'image-not-found' });
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('is refused once it has ended', async () => {
    await agent.service.createKernel(someRequest());
    await agent.service.destroyKernel(K1);
    await expect(agent.service.restartKernel(K1)).rejects.toMatchObject({ code: 'session-ended' });
  });
});

async function* bytes(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

describe('processes of a kernel', () => {
  it('cannot be told by a supervisor that is older than the question', async () => {
    await agent.service.createKernel(someRequest());
    world.runners.get('k1')!.script.refuse = { processes: new BerthError('bad-request', 'there is no method "processes"') };
    await expect(agent.service.listProcesses(K1)).rejects.toMatchObject({ code: 'runner-incompatible' });
  });
});
