/** What a session has used, as the agent tells it: while it lives, over restarts of session and agent, and when it has ended. */
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { KernelId, KernelStatistics } from '@berth/wire';
import { createKernel, python, run, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

const MIB = 1 << 20;
const burn = (seconds: number) => python(`import time\nwhile time.process_time() < ${seconds}: pass`);

describeWithDocker('statistics of a session', (docker) => {
  let node: TestAgent;
  beforeAll(async () => {
    node = await startTestAgent(docker);
  }, 60_000);
  afterAll(() => node.stop());

  const create = () => createKernel(node.service, { image: docker.images.debian });

  /** The first sample that `fits`. */
  function sampled(kernel: KernelId, fits: (statistics: KernelStatistics) => boolean): Promise<KernelStatistics> {
    return vi.waitFor(
      () => {
        const statistics = node.service.statistics(kernel);
        expect(statistics && fits(statistics)).toBe(true);
        return statistics!;
      },
      { timeout: 15_000, interval: 50 },
    );
  }

  it('has what a run took within a second or two', async () => {
    const kernel = await create();
    const before = await sampled(kernel, ({ cpuNs }) => cpuNs !== null);
    expect(before.final).toBeNull();
    await run(node.service, kernel, burn(0.5));
    const after = await sampled(kernel, ({ cpuNs }) => cpuNs! >= before.cpuNs! + 0.5e9);
    expect(after.memoryBytes).toBeGreaterThan(0);
    expect(after.memoryPeakBytes === null || after.memoryPeakBytes > MIB).toBe(true);
    expect(after).toMatchObject({ netRxBytes: 0, netTxBytes: 0 });
    await run(node.service, kernel, python('import os\nopen("file", "wb").write(os.urandom(3 << 20)); os.sync()'));
    await sampled(kernel, ({ scratchBytes }) => scratchBytes !== null && scratchBytes >= 3 * MIB);
  }, 30_000);

  it('tells at the end what was used until then', async () => {
    const kernel = await create();
    await run(node.service, kernel, burn(0.3));
    // Too soon for a sample by the clock: the end itself takes one.
    await node.service.destroyKernel(kernel);
    const last = node.service.statistics(kernel)!;
    expect(last.cpuNs).toBeGreaterThanOrEqual(0.3e9);
    expect(last.final).not.toBeNull();
  });

  it('goes on over a restart of the session', async () => {
    const kernel = await create();
    await run(node.service, kernel, burn(0.4));
    const before = await sampled(kernel, ({ cpuNs }) => cpuNs !== null && cpuNs >= 0.4e9);
    await node.service.restartKernel(kernel);
    await run(node.service, kernel, burn(0.4));
    const after = await sampled(kernel, ({ cpuNs }) => cpuNs! >= before.cpuNs! + 0.4e9);
    expect(after.final).toBeNull();
  });

  it('goes on over a restart of the agent', async () => {
    const kernel = await create();
    await run(node.service, kernel, burn(0.4));
    await sampled(kernel, ({ cpuNs }) => cpuNs !== null && cpuNs >= 0.4e9);
    await node.restart();
    await sampled(kernel, ({ cpuNs }) => cpuNs !== null && cpuNs >= 0.4e9);
    await node.service.destroyKernel(kernel);
    expect(node.service.statistics(kernel)!.cpuNs).toBeGreaterThanOrEqual(0.4e9);
  });

  it('is last seen when the session has died by itself', async () => {
    const kernel = await create();
    await run(node.service, kernel, burn(0.3));
    const seen = await sampled(kernel, ({ cpuNs }) => cpuNs !== null && cpuNs >= 0.3e9);
    const { containerId } = node.service.listKernels({ ended: false }).find(({ kernelId }) => kernelId === kernel)!;
    await new Docker({ socketPath: docker.socketPath }).getContainer(containerId!).kill();
    const last = await sampled(kernel, ({ final }) => final !== null);
    expect(last.final).toBe('last-seen');
    expect(last.cpuNs).toBeGreaterThanOrEqual(seen.cpuNs!);
  });
});
