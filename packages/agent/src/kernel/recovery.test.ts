import { type BerthError, type KernelId, type RunId, type RunStream } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printing } from '../../testing/fake-runner.js';
import { readRecords } from '../../testing/link.js';
import type { Life } from '../../testing/mortal.js';
import { NOTHING_LEFT, someRequest, World, type LivingAgent } from '../../testing/world.js';

const K1 = 'k1' as KernelId;
const R1 = 'r1' as RunId;
const batch = { mode: 'batch', runId: R1, argv: ['true'] } as const;
const RECORDS = printing(['one\n', 'two\n']);

let world: World;
beforeEach(async () => {
  world = await World.make();
  world.script = { runs: { [R1]: RECORDS } };
});
afterEach(() => world.dispose());

/** A whole session: made, used to the end of a run, removed. */
async function story({ service }: LivingAgent): Promise<void> {
  await service.createKernel(someRequest());
  await service.startRun(K1, batch);
  expect(await readRecords(await service.attachRun(K1, R1, { from: 1 }))).toEqual(RECORDS);
  await service.restartKernel(K1);
  await service.destroyKernel(K1, { graceMs: 0 });
}

/** Plays the story until it is told or the agent dies; the same steps asked again of the next life must be harmless. */
async function live(prepare: (life: Life) => void): Promise<{ readonly agent: LivingAgent | undefined; readonly told: boolean }> {
  const agent = await world.agent(prepare).catch(() => undefined);
  if (!agent) return { agent, told: false };
  const told = story(agent).then(
    () => true,
    (error: BerthError) => {
      // It had been asked to end in an earlier life, and did.
      if (error.code === 'session-ended') return true;
      throw error;
    },
  );
  const died = agent.life.over.then(() => false);
  const result = await Promise.race([told, died]);
  told.catch(() => {});
  return { agent, told: result };
}

/** The end of a life at its n-th moment of this kind. */
const dieAt = (n: number, kind: (name: string) => boolean) => (life: Life) => {
  let seen = 0;
  life.onMoment = (name) => {
    if (kind(name) && ++seen === n) life.end();
  };
};

async function expectConverged(what: string): Promise<void> {
  const { agent, told } = await live(() => {});
  expect(told, what).toBe(true);
  await agent!.resumed;
  // A removal that an earlier life began is taken up by this one on its own.
  await Promise.all(agent!.registry.actors().map((actor) => actor.until((state) => state.released)));
  expect(await world.leftovers(), what).toEqual(NOTHING_LEFT);
}

describe('an agent that dies', () => {
  it('right before or after any journal entry is followed by one that converges', { timeout: 60_000 }, async () => {
    const kind = (name: string): boolean => name.endsWith('journal.append');
    for (let n = 1; ; n++) {
      const { agent, told } = await live(dieAt(n, kind));
      if (told) {
        // Create, container, ready, restart, container, ready, stop: before and after each.
        expect(n).toBe(15);
        return;
      }
      agent?.kill();
      const { containers } = await world.leftovers();
      expect(containers!.length, `moment ${n}`).toBeLessThanOrEqual(1);
      await expectConverged(`moment ${n}`);
    }
  });

  it('before or after any call to the outside, is followed by one that converges', { timeout: 120_000 }, async () => {
    for (let n = 1, told = false; !told; n++) {
      const life = await live(dieAt(n, () => true));
      life.agent?.kill();
      told = life.told;
      if (told) expect(n).toBeGreaterThan(30);
      else await expectConverged(`moment ${n}`);
    }
  });

  it('again and again, at other moments, is followed by one that converges', { timeout: 120_000 }, async () => {
    const kind = (name: string): boolean => /driver|journal\./.test(name);
    for (let n = 1; n <= 24; n += 2) {
      for (const then of [1, 3, 5, 7, 11]) {
        for (const moment of [n, then]) (await live(dieAt(moment, kind))).agent?.kill();
        await expectConverged(`moments ${n} and ${then}`);
      }
    }
  });

  it('while a run prints is followed by one that goes on with the next record', async () => {
    const first = await world.agent();
    await first.service.createKernel(someRequest());
    const runner = world.runners.get('k1')!;
    runner.script.runs = { [R1]: printing(Array.from({ length: 30 }, (_, i) => `${i}\n`)) };
    const seen: number[] = [];
    const read = async (stream: RunStream, most: number): Promise<void> => {
      for await (const frames of stream) {
        seen.push(...frames.map((frame) => frame.seq));
        stream.ack(frames.at(-1)!.seq);
        if (seen.length >= most) return;
      }
    };
    await read(await first.service.attachRun(K1, R1, { from: 1, windowBytes: 6 }), 10);
    first.kill();
    const second = await world.agent();
    await read(await second.service.attachRun(K1, R1, { from: seen.at(-1)! + 1, windowBytes: 6 }), 31);
    expect(seen).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
    expect(runner.welcomes.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(runner.welcomes[1]!.token).toBe(runner.welcomes[0]!.token);
  });
});

describe('a new life of the agent', () => {
  async function restart(meanwhile: () => Promise<void> | void): Promise<LivingAgent> {
    const first = await world.agent();
    await first.service.createKernel(someRequest());
    await first.stop();
    await meanwhile();
    const second = await world.agent();
    await second.resumed;
    return second;
  }
  const ended = async (agent: LivingAgent): Promise<unknown> => {
    await agent.registry.find(K1)?.until((state) => state.released);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
    return agent.service.getKernel(K1).reason;
  };

  it('finds its kernels running, and linked', async () => {
    const agent = await restart(() => {});
    await agent.registry.find(K1)!.until((state) => state.link === 'up');
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: true });
  });

  it('finds a container that ended meanwhile', async () => {
    expect(await ended(await restart(() => world.containerEnds('k1', 1)))).toBe('runner-lost');
  });

  it('finds a container that was removed meanwhile', async () => {
    const remove = async (): Promise<void> => {
      const seen = await world.driver.inspect('berth-k1-1');
      await world.driver.remove(seen!.containerId);
    };
    expect(await ended(await restart(remove))).toBe('container-lost');
  });

  it('knows that the machine was started anew', async () => {
    const reboot = async (): Promise<void> => {
      await world.containerEnds('k1', 255);
      world.boot = 'boot-2';
    };
    expect(await ended(await restart(reboot))).toBe('host-reboot');
  });

  it('gives clients a whole lease to come back', async () => {
    const first = await world.agent();
    await first.service.createKernel(someRequest('k1', { leaseSeconds: 10 }));
    await first.stop();
    world.now += 60_000;
    const second = await world.agent();
    await second.resumed;
    world.now += 9_999;
    await second.tick();
    expect(second.service.getKernel(K1).phase).toBe('running');
  });

  it('takes up a creation that a stop of the node broke off', async () => {
    const first = await world.agent((life) => {
      life.onMoment = (name) => {
        if (name === 'after driver.create') void agentStops();
      };
    });
    const agentStops = (): Promise<void> => first.stop();
    first.service.createKernel(someRequest()).catch(() => {});
    await expect.poll(async () => (await world.leftovers())['containers']!.length).toBe(1);
    await first.stop();
    const second = await world.agent();
    await expect(second.service.createKernel(someRequest())).resolves.toMatchObject({ phase: 'running' });
    expect((await world.leftovers())['containers']).toEqual(['berth-k1-1']);
  });

  it('drops a journal that holds no intent', async () => {
    world.journals.files.set('k9', []);
    const agent = await world.agent();
    expect(agent.service.listKernels()).toEqual([]);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('is not held up by one kernel that does not answer', async () => {
    const first = await world.agent();
    for (const id of ['k1', 'k2']) await first.service.createKernel(someRequest(id));
    await first.stop();
    await world.runners.get('k1')!.stop();
    const second = await world.agent();
    await second.registry.find('k2' as KernelId)!.until((state) => state.link === 'up');
    expect(second.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: false });
  });
});
