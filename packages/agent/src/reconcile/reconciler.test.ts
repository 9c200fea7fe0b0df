import { systemClock } from '@berth/base';
import { BerthError, type KernelId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { someRequest, World, type LivingAgent } from '../../testing/world.js';
import { DriverHealth } from './driver-health.js';
import { Reconciler, type ReconcilerOptions } from './reconciler.js';
import { ORPHAN_GRACE_MS } from './orphans.js';

const K1 = 'k1' as KernelId;
const OWNER = { agentId: 'i-1', stateId: 's1' };
const AWAY = new BerthError('driver-unavailable', 'Docker is away');

let world: World;
let agent: LivingAgent;
beforeEach(async () => {
  world = await World.make();
  agent = await world.agent();
  await agent.service.createKernel(someRequest());
});
afterEach(() => {
  vi.restoreAllMocks();
  return world.dispose();
});

const released = (): Promise<void> | undefined => agent.registry.find(K1)?.until((state) => state.released);
/** The container goes without an event, and its runner answers all the same. */
function loseContainer(): void {
  vi.spyOn(world.driver, 'list').mockResolvedValue([]);
  vi.spyOn(world.driver, 'inspect').mockResolvedValue(undefined);
}
/** The container ends, and its runner answers all the same. */
async function endContainer(): Promise<void> {
  world.driver.end((await world.driver.inspect('berth-k1-1'))!.containerId, 9);
}

describe('a relist', () => {
  it('of kernels that run as they should changes nothing', async () => {
    await expect(agent.reconciler.relist()).resolves.toBe(true);
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: true });
    expect(agent.registry.find(K1)!.state.observed).toBe('running');
    expect(agent.health.state).toEqual({ ok: true, detail: '' });
  });

  it('that fails concludes nothing but that the driver is away, until it is back', async () => {
    world.driver.outage = AWAY;
    for (let i = 0; i < 3; i++) await expect(agent.reconciler.relist()).resolves.toBe(false);
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: false });
    expect(agent.health.state.detail).toContain('Docker is away');
    world.driver.outage = undefined;
    await expect(agent.reconciler.relist()).resolves.toBe(true);
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: true });
  });

  it('tells once that the driver is away, and once that it is back', async () => {
    const told: string[] = [];
    const tell = (level: string) => (_fields: object, message: string) => void told.push(`${level} ${message}`);
    const logger = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') };
    const { driver } = world;
    const kernels = { find: () => undefined, actors: () => [] };
    const health = new DriverHealth();
    const reconciler = new Reconciler({ driver, owner: OWNER, kernels, setAside: new Set(), health, clock: systemClock, logger });
    for (const outage of [undefined, AWAY, AWAY, AWAY, undefined, undefined]) {
      driver.outage = outage;
      await reconciler.relist();
    }
    const about = told.filter((line) => line.includes('driver'));
    expect(about).toEqual(['warn the driver cannot be used; trying again', 'info the driver is back']);
  });

  it('that finds the driver back has at once undone what had to wait for it', async () => {
    world.driver.outage = AWAY;
    const destroying = agent.service.destroyKernel(K1, { graceMs: 0 });
    await agent.registry.find(K1)!.until((state) => state.releaseFailures === 1);
    await agent.reconciler.relist();
    world.driver.outage = undefined;
    await agent.reconciler.relist();
    await expect(destroying).resolves.toMatchObject({ phase: 'terminated' });
  });

  it('finds what ended without an event', async () => {
    await endContainer();
    await agent.reconciler.relist();
    await released();
    expect(agent.service.getKernel(K1)).toMatchObject({ reason: 'runner-lost' });
  });

  it('that misses a container ends its kernel only after a look of its own', async () => {
    vi.spyOn(world.driver, 'list').mockResolvedValueOnce([]);
    const inspect = vi.spyOn(world.driver, 'inspect');
    await agent.reconciler.relist();
    expect(inspect).toHaveBeenCalledTimes(1);
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: true });
  });

  it('that misses a container which cannot be looked at ends nothing', async () => {
    vi.spyOn(world.driver, 'list').mockResolvedValueOnce([]);
    vi.spyOn(world.driver, 'inspect').mockRejectedValueOnce(AWAY);
    await agent.reconciler.relist();
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'running', reachable: false });
  });

  it('ends a kernel whose container is gone', async () => {
    loseContainer();
    await agent.reconciler.relist();
    await released();
    expect(agent.service.getKernel(K1)).toMatchObject({ phase: 'terminated', reason: 'container-lost' });
  });

  it('does not miss the container of a kernel that is made meanwhile', async () => {
    const list = world.driver.list.bind(world.driver);
    vi.spyOn(world.driver, 'list').mockImplementationOnce(async (owner) => {
      const listed = await list(owner);
      await agent.service.createKernel(someRequest('k2'));
      return listed;
    });
    await agent.reconciler.relist();
    expect(agent.service.getKernel('k2' as KernelId).phase).toBe('running');
  });
});

describe('a container of ours without a kernel', () => {
  let monotonic: number;
  /** A reconciler of the same agent that knows of no kernel, but of those set aside. */
  function forgetful(setAside: readonly string[] = []): Reconciler {
    monotonic = 0;
    const options: ReconcilerOptions = {
      driver: world.driver,
      owner: OWNER,
      kernels: { find: () => undefined, actors: () => [] },
      setAside: new Set(setAside),
      health: agent.health,
      clock: { now: () => 0, monotonic: () => monotonic, after: () => expect.unreachable() },
      logger: { debug() {}, info() {}, warn: (fields) => warnings.push(fields), error() {} },
    };
    return new Reconciler(options);
  }
  let warnings: object[];
  beforeEach(() => {
    warnings = [];
  });
  const exists = async (): Promise<boolean> => (await world.driver.inspect('berth-k1-1')) !== undefined;

  it('is reported once, and removed after its grace', async () => {
    const reconciler = forgetful();
    await reconciler.relist();
    await reconciler.relist();
    expect(warnings).toMatchObject([{ name: 'berth-k1-1' }]);
    monotonic += ORPHAN_GRACE_MS - 1;
    await reconciler.relist();
    expect(await exists()).toBe(true);
    monotonic += 1;
    await reconciler.relist();
    expect(await exists()).toBe(false);
  });

  it('is left alone when its journal was set aside', async () => {
    const reconciler = forgetful(['k1']);
    await reconciler.relist();
    monotonic += 2 * ORPHAN_GRACE_MS;
    await reconciler.relist();
    expect([await exists(), warnings]).toEqual([true, []]);
  });

  it('is left alone while nothing can be listed', async () => {
    const reconciler = forgetful();
    await reconciler.relist();
    monotonic += ORPHAN_GRACE_MS;
    vi.spyOn(world.driver, 'list').mockRejectedValueOnce(AWAY);
    await reconciler.relist();
    expect(await exists()).toBe(true);
  });

  it('that cannot be removed does not stop the relist', async () => {
    const reconciler = forgetful();
    await reconciler.relist();
    monotonic += ORPHAN_GRACE_MS;
    vi.spyOn(world.driver, 'remove').mockRejectedValueOnce(AWAY);
    await expect(reconciler.relist()).resolves.toBe(true);
    await reconciler.relist();
    expect(await exists()).toBe(false);
  });
});

describe('following events', () => {
  async function following(during: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const follows = agent.reconciler.followEvents(stop.signal);
    await new Promise((resolve) => setImmediate(resolve));
    await during();
    stop.abort(new Error('stopped'));
    await follows;
  }

  it('looks at a kernel that an event names', async () => {
    await following(async () => {
      const over = released();
      await endContainer();
      await over;
    });
    expect(agent.service.getKernel(K1)).toMatchObject({ reason: 'runner-lost', detail: 'the runner ended with code 9' });
  });

  it('relists after the stream broke, for what happened meanwhile', async () => {
    const relist = vi.spyOn(agent.reconciler, 'relist');
    await following(async () => {
      world.driver.breakEvents();
      await expect.poll(() => relist.mock.calls.length, { timeout: 5000 }).toBeGreaterThan(0);
    });
  });
});

describe('ticking', () => {
  it('gives every kernel the time until it is stopped', async () => {
    const stop = new AbortController();
    const post = vi.spyOn(agent.registry.find(K1)!, 'post');
    const ticking = agent.reconciler.keepTicking(stop.signal);
    stop.abort(new Error('stopped'));
    await ticking;
    expect(post).toHaveBeenCalledWith({ type: 'tick' });
  });
});
