/** Sandboxes outlive their agent, lose nothing meanwhile, and leave nothing when they end. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completeKernelSpec, newSessionId, type KernelId } from '@berth/wire';
import { createKernel, python, run, type TestAgent } from '../support/agent.js';
import { Berth, collect, type Ended } from '../support/berth.js';
import { describeWithBubblewrap, startSandboxAgent } from '../support/sandbox.js';

const NUMBERS = 300;
/** Prints 0 to NUMBERS - 1 over some seconds, then exits with 7. */
const COUNTER = (delay: number) => `
import sys, time
for i in range(${NUMBERS}):
    print(i, flush=True)
    time.sleep(${delay})
sys.exit(7)`;
const EXPECTED = Array.from({ length: NUMBERS }, (_, i) => `${i}\n`).join('');

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Processes of this machine that belong to sandboxes of this directory: their supervisors name it, or run in a mount of it. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`${directory.replace('/tmp', '')}/scratch`);
    } catch {
      return false;
    }
  });
}

/** Control groups of sandboxes, of whichever node. */
const groups = (): string[] =>
  execFileSync('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-type', 'd', '-path', '*/berth/*'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

/** Everything on the machine that a session could leave. */
function census(directory: string) {
  const files = (path: string) => readdirSync(path, { recursive: true }).map(String).sort();
  return {
    processes: processesOf(directory),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(directory)).length,
    records: readdirSync(join(directory, 'state', 'sandboxes')).sort(),
    scratch: files(join(directory, 'scratch')),
    journals: files(join(directory, 'state', 'kernels')),
  };
}

describeWithBubblewrap('kill -9 of a node with sandboxes', () => {
  let berth: Berth;
  beforeAll(async () => {
    process.env['BERTH_DRIVER'] = 'sandbox';
    berth = await Berth.create(undefined);
    await berth.up();
  }, 60_000);
  afterAll(() => berth.dispose());

  async function crash(awayMs = 0): Promise<void> {
    await berth.kill9();
    await wait(awayMs);
    await berth.up();
  }

  /** Resolves when the consumer has asked for its session: before that, it would start a node of its own. */
  async function sessionBegun(): Promise<void> {
    while (!readdirSync(join(berth.dataDir, 'state', 'kernels')).some((name) => name.endsWith('.jsonl'))) await wait(2);
  }

  async function counted(delay: number, during: (firstOutput: Promise<unknown>) => Promise<void>): Promise<Ended> {
    const consumer = berth.spawn(['run', 'python', '-c', COUNTER(delay)]);
    consumer.stdin.end();
    const ended = collect(consumer);
    await during(once(consumer.stdout, 'data'));
    return ended;
  }

  it('at moments from the first step of the making to the last number loses none', async () => {
    for (let i = 0; i < 12; i++) {
      const moment = Math.round((i * 1500) / 12 + Math.random() * 120);
      const ended = await counted(0.003, async () => {
        await sessionBegun();
        await wait(moment);
        await crash();
      });
      expect([ended.stdout, ended.code], `killed after ${moment} ms: ${ended.stderr}`).toEqual([EXPECTED, 7]);
    }
  }, 240_000);

  it('three times within one run loses no number', async () => {
    const ended = await counted(0.01, async (first) => {
      await first;
      for (let i = 0; i < 3; i++) {
        await wait(500);
        await crash();
      }
    });
    expect([ended.stdout, ended.code]).toEqual([EXPECTED, 7]);
  }, 60_000);

  it('which stays away while the run ends loses no number', async () => {
    const ended = await counted(0.003, async (first) => {
      await first;
      await crash(5000);
    });
    expect([ended.stdout, ended.code]).toEqual([EXPECTED, 7]);
  }, 60_000);

  it('leaves nothing', async () => {
    expect(JSON.parse((await berth.run(['ps', '-o', 'json'])).stdout)).toMatchObject({ sessions: [] });
    expect(census(berth.dataDir)).toMatchObject({ processes: [], records: ['shared'], scratch: [], journals: [] });
  });

  it('and never a return: the sandbox ends by itself', async () => {
    await berth.client.createSession({ sessionId: 'alone', spec: { image: 'host', deadManSeconds: 5 } });
    expect(processesOf(berth.dataDir)).not.toEqual([]);
    await berth.kill9();
    for (let waited = 0; processesOf(berth.dataDir).length > 0 && waited < 20_000; waited += 100) await wait(100);
    expect(processesOf(berth.dataDir)).toEqual([]);
    await berth.up();
    // The next life finds it ended, and undoes what is left of it.
    while ((await berth.client.listSessions()).length > 0) await wait(50);
  }, 60_000);
});

const CYCLES = 60;

describeWithBubblewrap(`${CYCLES} sandboxes`, () => {
  let node: TestAgent;
  beforeAll(async () => {
    node = await startSandboxAgent();
  }, 60_000);
  afterAll(() => node.stop());

  async function cycle(restart = false): Promise<void> {
    const kernel = await createKernel(node.service, { image: 'host' });
    if (restart) await node.restart();
    expect((await run(node.service, kernel, python('print(6*7)'))).stdout).toBe('42\n');
    await node.service.destroyKernel(kernel, { graceMs: 0 });
  }

  /** Given up at a moment that moves through the whole creation. */
  async function aborted(afterMs: number): Promise<void> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), afterMs);
    const sessionId = newSessionId();
    const kernelId = sessionId as string as KernelId;
    const wish = { kernelId, sessionId, spec: completeKernelSpec({ image: 'host' }) };
    const made = await node.service.createKernel(wish, controller.signal).then(
      () => true,
      () => false,
    );
    clearTimeout(timer);
    if (made) await node.service.destroyKernel(kernelId, { graceMs: 0 });
  }

  it('some of them given up while they are made, some over a restart, leave nothing', async () => {
    await cycle();
    const before = census(node.directory);
    const groupsBefore = new Set(groups());
    const descriptors = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < CYCLES; i++) {
      if (i % 6 === 5) await aborted(i * 2);
      else await cycle(i % 15 === 7);
    }
    expect(census(node.directory)).toEqual(before);
    // Others may have begun sandboxes meanwhile; none that stays.
    await expect.poll(() => groups().filter((path) => !groupsBefore.has(path)), { timeout: 30_000 }).toEqual([]);
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors + 3);
  }, 180_000);
});
