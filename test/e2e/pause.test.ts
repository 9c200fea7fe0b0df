/** Sessions that stand still: on both drivers, over a restart of the agent, and their end. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelId, KernelView, RunId } from '@berth/wire';
import { createKernel, python, readRun, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithBubblewrap, startSandboxAgent } from '../support/sandbox.js';
import { describeWithDocker } from '../support/services.js';

const LINES = 60;
/** How long it takes to end once it was asked to. */
const ENDING_MS = 1500;
/** Prints numbers for a second; ends at leisure when it hears SIGTERM. */
const COUNTER = `
import signal, sys, time
def told(*_):
    time.sleep(${ENDING_MS / 1000})
    sys.exit(0)
signal.signal(signal.SIGTERM, told)
for i in range(${LINES}):
    print(i, flush=True)
    time.sleep(0.02)
time.sleep(600 if 'wait' in sys.argv else 0)`;
const EXPECTED = Array.from({ length: LINES }, (_, i) => `${i}\n`).join('');
const RUN = 'counter' as RunId;

function pausing(start: () => Promise<TestAgent>): void {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await start();
  }, 60_000);
  afterAll(() => agent.stop(), 60_000);
  const kernel = () => createKernel(agent.service, { image: 'host' });
  const highest = async (id: KernelId) => (await agent.service.listRuns(id))[0]!.highest;

  it('a run that is paused over a restart of the agent goes on and loses no byte', { timeout: 60_000 }, async () => {
    const id = await kernel();
    await agent.service.startRun(id, { ...python(COUNTER), runId: RUN });
    expect((await agent.service.pauseKernel(id)).paused).toBe(true);
    await agent.restart();
    // Reconciling does not let it go on.
    expect(agent.service.getKernel(id)).toMatchObject({ phase: 'running', paused: true });
    await expect(agent.service.listRuns(id)).rejects.toMatchObject({ code: 'session-paused' });
    expect(await agent.service.resumeKernel(id)).toMatchObject({ paused: false, incarnation: 1 } satisfies Partial<KernelView>);
    const { stdout, finished } = await readRun(agent.service, id, RUN);
    expect([stdout, finished.exitCode]).toEqual([EXPECTED, 0]);
  });

  it('nothing in it moves until it is resumed', { timeout: 60_000 }, async () => {
    const id = await kernel();
    await agent.service.startRun(id, { ...python(COUNTER), runId: RUN });
    await agent.service.pauseKernel(id);
    // Long enough for the whole run, were it not paused.
    await new Promise((resolve) => setTimeout(resolve, LINES * 20 + 500));
    await agent.service.resumeKernel(id);
    expect(await highest(id)).toBeLessThan(LINES);
  });

  it('one that is ended while it is paused goes on for its grace', { timeout: 60_000 }, async () => {
    const id = await kernel();
    await agent.service.startRun(id, { ...python(COUNTER, 'wait'), runId: RUN });
    while ((await highest(id)) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await agent.service.pauseKernel(id);
    const began = performance.now();
    expect(await agent.service.destroyKernel(id, { graceMs: 20_000 })).toMatchObject({ reason: 'user-requested' });
    const took = performance.now() - began;
    // It heard SIGTERM and had the time that it took, and nobody waited for longer.
    expect(took).toBeGreaterThan(ENDING_MS);
    expect(took).toBeLessThan(15_000);
  });

  it('one that is restarted while it is paused keeps its files', { timeout: 60_000 }, async () => {
    const id = await kernel();
    await agent.service.makeDirectory(id, 'kept');
    await agent.service.pauseKernel(id);
    expect(await agent.service.restartKernel(id)).toMatchObject({ incarnation: 2, paused: false });
    expect(await agent.service.statFile(id, 'kept')).toMatchObject({ type: 'directory' });
  });
}

describeWithDocker('a paused session in a container', (docker) => pausing(() => startTestAgent(docker)));
describeWithBubblewrap('a paused session in a sandbox', () => pausing(startSandboxAgent));
