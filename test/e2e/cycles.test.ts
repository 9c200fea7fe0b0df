/** Nothing is left behind: not by sessions that ended well, nor by those that were given up half-way. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { completeKernelSpec, newSessionId, type KernelId } from '@berth/wire';
import { python, run, startTestAgent, type TestAgent } from '../support/agent.js';
import { Berth } from '../support/berth.js';
import { describeWithDocker, type TestDocker } from '../support/services.js';

const CYCLES = 200;
const ABORTED = 20;
const RESTARTS = 5;

/** Everything on the machine that a session could leave. */
function census(docker: TestDocker, directory: string) {
  const cli = (...args: string[]) =>
    execFileSync('docker', ['-H', `unix://${docker.socketPath}`, ...args], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  const files = (path: string) => readdirSync(path, { recursive: true }).map(String).sort();
  return {
    containers: cli('ps', '-aq', '--filter', 'name=berth-'),
    volumes: cli('volume', 'ls', '-q'),
    networks: cli('network', 'ls', '-q'),
    cgroups: execFileSync('find', ['/sys/fs/cgroup', '-maxdepth', '4', '-type', 'd', '-regex', '.*/[0-9a-f]+'], {
      encoding: 'utf8',
    })
      .split('\n')
      .filter((line) => /\/[0-9a-f]{64}$/.test(line)),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(directory)).length,
    scratch: files(join(directory, 'scratch')),
    journals: files(join(directory, 'state', 'kernels')),
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
  };
}

const descriptors = () => readdirSync('/proc/self/fd').length;
const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).length;

describeWithDocker('200 sessions', (docker) => {
  it('20 of them given up while they are made and 5 over a restart of the agent leave nothing', async () => {
    const node = await startTestAgent(docker);
    await cycle(node);
    const before = { ...census(docker, node.directory), children: children() };
    const openBefore = descriptors();
    for (let i = 0; i < CYCLES; i++) {
      if (i % (CYCLES / ABORTED) === 5) await abortedCycle(node, i);
      else if (i % (CYCLES / RESTARTS) === 7) await restartedCycle(node);
      else await cycle(node);
    }
    expect({ ...census(docker, node.directory), children: children() }).toEqual(before);
    expect(descriptors()).toBeLessThanOrEqual(openBefore + 3);
    await node.stop();
  }, 400_000);

  it('5 over a kill -9 of the node, each at another moment, leave nothing', async () => {
    const berth = await Berth.create(docker);
    await berth.up();
    await berth.client.createSession({ sessionId: 'first', spec: { image: docker.images.debian } });
    await berth.client.deleteSession('first');
    const before = census(docker, berth.dataDir);
    for (const moment of [20, 120, 200, 400, 600]) {
      const name = `after-${moment}`;
      // The answer is lost with the node, or comes just in time.
      const life = berth.client
        .createSession({ sessionId: name, spec: { image: docker.images.debian } })
        .then(() => berth.client.deleteSession(name, { graceMs: 100 }))
        .catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, moment));
      await berth.kill9();
      await life;
      await berth.up();
      for (const session of await berth.client.listSessions())
        await berth.client.deleteSession(session.sessionId, { graceMs: 0 });
    }
    expect(census(docker, berth.dataDir)).toEqual(before);
    await berth.dispose();
  }, 120_000);

  async function begin(node: TestAgent, signal?: AbortSignal): Promise<KernelId> {
    const sessionId = newSessionId();
    const kernelId = sessionId as string as KernelId;
    await node.service.createKernel({ kernelId, sessionId, spec: completeKernelSpec({ image: docker.images.debian }) }, signal);
    return kernelId;
  }

  async function cycle(node: TestAgent): Promise<void> {
    const kernel = await begin(node);
    expect((await run(node.service, kernel, python('print(6*7)'))).stdout).toBe('42\n');
    await node.service.destroyKernel(kernel, { graceMs: 0 });
  }

  /** Given up at a moment that moves through the whole creation. */
  async function abortedCycle(node: TestAgent, i: number): Promise<void> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), (i * 7) % 350);
    const kernel = await begin(node, controller.signal).catch(() => undefined);
    clearTimeout(timer);
    if (kernel) await node.service.destroyKernel(kernel, { graceMs: 0 });
  }

  async function restartedCycle(node: TestAgent): Promise<void> {
    const kernel = await begin(node);
    await node.restart();
    expect((await run(node.service, kernel, python('print(6*7)'))).stdout).toBe('42\n');
    await node.service.destroyKernel(kernel, { graceMs: 0 });
  }
});
