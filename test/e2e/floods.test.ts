/** A gibibyte of output: every byte arrives, and neither the agent nor the runner grows with it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newRunId, recordTypeOf, type KernelId, type RunId } from '@berth/wire';
import { createKernel, python, readRun, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

const MIB = 1024 * 1024;
const WRITER = `
import os, sys
block = bytes(range(256)) * 256
for i in range(int(sys.argv[1]) * 16):
    view = memoryview(block)
    while view: view = view[os.write(1, view):]`;

/** Digest of what the writer writes. */
function expectedDigest(mib: number): string {
  const block = Buffer.from(Array.from({ length: 65536 }, (_, i) => i % 256));
  const hash = createHash('sha256');
  for (let i = 0; i < mib * 16; i++) hash.update(block);
  return hash.digest('hex');
}

/** Private bytes of the runner of this kernel; 0 for an ordinary user, who may not look. */
function runnerPrivate(kernel: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (!line.includes('/opt/berth/runner.mjs') || !line.includes(kernel) || line[0]!.endsWith('init')) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Private_Dirty:\s+(\d+) kB/m.exec(rollup)![1]) * 1024;
    } catch {
      // Another process that ended meanwhile.
    }
  }
  // It ended; the test will say why.
  return 0;
}

/** Samples both memories while `work` goes on, and gives the growth over the beginning. */
async function growth(kernel: string, work: () => Promise<void>): Promise<{ agent: number; runner: number }> {
  global.gc?.();
  const before = { agent: process.memoryUsage.rss(), runner: runnerPrivate(kernel) };
  const peak = { ...before };
  const working = work();
  let over = false;
  void working.catch(() => {}).finally(() => (over = true));
  while (!over) {
    peak.agent = Math.max(peak.agent, process.memoryUsage.rss());
    peak.runner = Math.max(peak.runner, runnerPrivate(kernel));
    await Promise.race([working.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  await working;
  return { agent: peak.agent - before.agent, runner: peak.runner - before.runner };
}

describeWithDocker('a flood of output', (docker) => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startTestAgent(docker);
    kernel = await createKernel(node.service, { image: docker.images.debian, cpus: 2 });
  }, 60_000);
  afterAll(() => node.stop());

  /** Reads a run; `pace` gives the bytes per second, or undefined for as fast as it goes. */
  async function digest(runId: RunId, pace: (received: number) => number | undefined): Promise<string> {
    const stream = await node.service.attachRun(kernel, runId, { from: 1 });
    const hash = createHash('sha256');
    let received = 0;
    for await (const frames of stream) {
      let bytes = 0;
      for (const frame of frames) {
        if (recordTypeOf(frame.type) !== 'stdout') continue;
        hash.update(frame.payload);
        bytes += frame.payload.length;
      }
      received += bytes;
      const speed = pace(received);
      if (speed !== undefined) await new Promise((resolve) => setTimeout(resolve, (bytes / speed) * 1000));
      stream.ack(frames.at(-1)!.seq);
    }
    return hash.digest('hex');
  }

  it('of 1 GiB arrives whole, within bounded memory', async () => {
    const runId = newRunId();
    const grown = await growth(kernel, async () => {
      await node.service.startRun(kernel, { runId, ...python(WRITER, '1024') });
      expect(await digest(runId, () => undefined)).toBe(expectedDigest(1024));
    });
    expect(grown.agent).toBeLessThanOrEqual(64 * MIB);
    expect(grown.runner).toBeLessThanOrEqual(32 * MIB);
  }, 90_000);

  it('arrives whole at a reader that takes 1 MB/s for a while, within bounded memory', async () => {
    const runId = newRunId();
    const grown = await growth(kernel, async () => {
      await node.service.startRun(kernel, { runId, ...python(WRITER, '1024') });
      // Ten seconds at 1 MB/s fill every buffer there is; then the rest is taken at full speed.
      expect(await digest(runId, (received) => (received < 10e6 ? 1e6 : undefined))).toBe(expectedDigest(1024));
    });
    expect(grown.agent).toBeLessThanOrEqual(64 * MIB);
    expect(grown.runner).toBeLessThanOrEqual(32 * MIB);
  }, 120_000);

  it('with no reader keeps head and tail and says what is missing, within bounded memory', async () => {
    const runId = newRunId();
    const grown = await growth(kernel, async () => {
      await node.service.startRun(kernel, { runId, ...python(WRITER, '1024') });
      while ((await node.service.listRuns(kernel)).find((r) => r.runId === runId)!.state !== 'finished') {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    });
    const { records, finished } = await readRun(node.service, kernel, runId);
    const gaps = records.filter((r) => r.type === 'gap');
    expect(finished.reason).toBe('exited');
    expect(gaps).toHaveLength(1);
    const kept = records.reduce((sum, r) => sum + (r.type === 'stdout' ? r.data.length : 0), 0);
    expect(kept + gaps[0]!.bytes).toBe(1024 * MIB);
    expect(grown.agent).toBeLessThanOrEqual(64 * MIB);
    expect(grown.runner).toBeLessThanOrEqual(32 * MIB);
  }, 90_000);

  it('of a durable run with no reader waits for one, and nothing is lost', async () => {
    const runId = newRunId();
    await node.service.startRun(kernel, { runId, ...python(WRITER, '512'), durable: true });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect((await node.service.listRuns(kernel)).find((r) => r.runId === runId)!.state).toBe('running');
    expect(await digest(runId, () => undefined)).toBe(expectedDigest(512));
  }, 60_000);
});
