/** A Docker Engine that is restarted and killed under sessions, with and without live-restore, and one whose disk is full. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newRunId, newSessionId, completeKernelSpec, type KernelId } from '@berth/wire';
import { createKernel, readRun, run, shell, startTestAgent, type TestAgent } from '../support/agent.js';
import { startOwnDocker, type OwnDocker } from '../support/own-docker.js';
import { describeWithDocker } from '../support/services.js';

const LINES = 60;
const COUNT = `i=0; while [ $i -lt ${LINES} ]; do echo $i; i=$((i+1)); sleep 0.05; done`;
const COUNTED = Array.from({ length: LINES }, (_, i) => `${i}\n`).join('');

describeWithDocker('a Docker Engine that goes and comes back', (docker) => {
  if (process.getuid!() !== 0) return it.skip('needs root to start an engine', () => {});
  const image = docker.images.musl;
  let data: string;
  let liveRestore = true;
  let engine: OwnDocker;
  let node: TestAgent;
  beforeAll(async () => {
    const prepare = (directory: string) => {
      data = directory;
      mkdirSync(data);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', data]);
    };
    engine = await startOwnDocker(docker, { prepare, args: () => (liveRestore ? ['--live-restore'] : []) });
    node = await startTestAgent(engine);
  }, 60_000);
  afterAll(async () => {
    await node?.stop();
    await engine?.dispose();
  }, 60_000);

  const isBack = () => expect.poll(() => node.agent.driver.state().ok, { timeout: 20_000 }).toBe(true);
  const wish = () => {
    const sessionId = newSessionId();
    return { kernelId: sessionId as string as KernelId, sessionId, spec: completeKernelSpec({ image }) };
  };
  const containers = () => new Docker({ socketPath: engine.socketPath }).listContainers({ all: true });

  describe('with live-restore', () => {
    it.each(['SIGTERM', 'SIGKILL'] as const)(
      'by %s: a run goes on and not a line is lost',
      async (signal) => {
        const kernel = await createKernel(node.service, { image });
        const runId = newRunId();
        await node.service.startRun(kernel, { runId, ...shell(COUNT) });
        let seen = 0;
        let away: Promise<void> | undefined;
        let seenWhileAway = 0;
        const goAway = async () => {
          await engine.server.stop(signal);
          const before = seen;
          await expect(node.service.createKernel(wish())).rejects.toMatchObject({ code: 'driver-unavailable' });
          await expect.poll(() => seen, { timeout: 10_000 }).toBeGreaterThan(before);
          seenWhileAway = seen - before;
          await engine.server.start();
        };
        const { stdout, finished } = await readRun(node.service, kernel, runId, () => {
          if (++seen === 5) away ??= goAway();
        });
        await away;
        expect(stdout).toBe(COUNTED);
        expect(finished).toMatchObject({ exitCode: 0, reason: 'exited' });
        expect(seenWhileAway).toBeGreaterThan(0);
        await isBack();
        expect((await run(node.service, kernel, shell('echo still here'))).stdout).toBe('still here\n');
        expect(node.service.getKernel(kernel)).toMatchObject({ phase: 'running', incarnation: 1, reachable: true });
        await node.service.destroyKernel(kernel, { graceMs: 0 });
        expect(await containers()).toEqual([]);
      },
      60_000,
    );
  });

  it('with a full disk refuses a session and says why, keeps those that are there, and leaves nothing', async () => {
    const there = await createKernel(node.service, { image });
    const ballast = join(data, 'ballast');
    const { bavail, bsize } = statfsSync(data);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    await expect(node.service.createKernel(wish())).rejects.toMatchObject({
      code: 'create-failed',
      message: expect.stringContaining('no space left on device') as string,
      fix: expect.stringContaining('Free space') as string,
    });
    expect((await run(node.service, there, shell('echo unmoved'))).stdout).toBe('unmoved\n');
    rmSync(ballast);
    await isBack();
    await node.service.destroyKernel(there, { graceMs: 0 });
    expect(await containers()).toEqual([]);
  }, 30_000);

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'without live-restore by %s: its sessions end, with the reason, and leave nothing',
    async (signal) => {
      liveRestore = false;
      await engine.server.stop();
      await engine.server.start();
      await isBack();
      const kernel = await createKernel(node.service, { image });
      await engine.server.stop(signal);
      await engine.server.start();
      await expect.poll(() => node.service.getKernel(kernel).phase, { timeout: 20_000 }).toBe('terminated');
      expect(node.service.getKernel(kernel)).toMatchObject({
        reason: 'runner-lost',
        detail: expect.stringContaining('stopped from outside') as string,
      });
      await isBack();
      await expect.poll(containers, { timeout: 20_000 }).toEqual([]);
      const next = await createKernel(node.service, { image });
      await node.service.destroyKernel(next, { graceMs: 0 });
    },
    60_000,
  );
});
