import { BerthError, type KernelId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NOTHING_LEFT, someRequest, World, type LivingAgent } from '../../testing/world.js';

const K1 = 'k1' as KernelId;

let world: World;
let agent: LivingAgent;
beforeEach(async () => {
  world = await World.make();
  agent = await world.agent();
});
afterEach(() => {
  vi.restoreAllMocks();
  return world.dispose();
});

describe('pausing a kernel', () => {
  beforeEach(() => agent.service.createKernel(someRequest()));

  it('is seen, announced, and over with a resume; each may be repeated', async () => {
    for (const paused of [true, true, false, false]) {
      const view = await (paused ? agent.service.pauseKernel(K1) : agent.service.resumeKernel(K1));
      expect(view).toMatchObject({ phase: 'running', paused });
      expect((await world.driver.inspect('berth-k1-1'))?.state).toBe(paused ? 'paused' : 'running');
    }
  });

  it('refuses what its runner would have to answer', async () => {
    await agent.service.pauseKernel(K1);
    await expect(agent.service.listRuns(K1)).rejects.toMatchObject({ code: 'session-paused' });
  });

  it('that the driver refuses changes nothing, now and later', async () => {
    vi.spyOn(world.driver, 'pause').mockRejectedValueOnce(new BerthError('timeout', 'no answer'));
    await expect(agent.service.pauseKernel(K1)).rejects.toMatchObject({ code: 'timeout' });
    await agent.tick();
    expect(agent.service.getKernel(K1).paused).toBe(false);
  });

  it('is refused while the driver is away', async () => {
    world.driver.outage = new BerthError('driver-unavailable', 'away');
    await expect(agent.service.pauseKernel(K1)).rejects.toMatchObject({ code: 'driver-unavailable' });
    world.driver.outage = undefined;
  });

  it('can be followed by its restart and its end', async () => {
    await agent.service.pauseKernel(K1);
    expect(await agent.service.restartKernel(K1)).toMatchObject({ incarnation: 2, paused: false });
    await agent.service.pauseKernel(K1);
    const resume = vi.spyOn(world.driver, 'resume');
    await agent.service.destroyKernel(K1);
    expect(resume).toHaveBeenCalledTimes(1);
    expect(await world.leftovers()).toEqual(NOTHING_LEFT);
  });
});
