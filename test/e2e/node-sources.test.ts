/** Node of whatever origin rides into kernels, and an upgrade of it on the machine disturbs none that runs. */
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '@berth/base';
import type { NodeSource } from '@berth/carry';
import { newRunId, recordTypeOf, type KernelId, type RunId } from '@berth/wire';
import { afterEach, beforeEach, expect, it, type TestContext } from 'vitest';
import {
  createKernel,
  query,
  readRun,
  run,
  startTestAgent,
  type RunOutcome,
  type RunWish,
  type TestAgent,
} from '../support/agent.js';
import { ensureInstalledCarry, nodeFromDistribution } from '../support/node-from-distribution.js';
import { asNvmHas, install, nodeFromNpm, versionOf } from '../support/node-from-npm.js';
import { describeWithDocker, required } from '../support/services.js';

/** Goes on when it has been told something, and ends with what it was told. */
const ECHO: RunWish = {
  mode: 'batch',
  interpreter: 'python',
  argv: ['-c', "print('up', flush=True)\nprint(input()[::-1])"],
  stdin: 'open',
};
const TOLD = Buffer.from('stressed\n');
const ANSWER = 'up\ndesserts\n';

/** Fetching may be slow; what was fetched is kept. */
const PATIENCE = { timeout: 120_000 };
const LONG_AGO = new Date(1_700_000_000_000);

describeWithDocker('Node as a source of the carry', (docker) => {
  let home: string;
  let carries: string;
  let node: TestAgent | undefined;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
    carries = join(home, 'carries');
  });
  afterEach(async () => {
    await node?.stop();
    node = undefined;
    await rm(home, { recursive: true, force: true });
  });

  const start = async (source: NodeSource): Promise<TestAgent> =>
    (node = await startTestAgent(docker, {}, { carryDirectory: carries, node: source }));
  /** A kernel whose image has no Node. */
  const kernelOf = ({ service }: TestAgent): Promise<KernelId> => createKernel(service, { image: docker.images.debian });

  /** Version of the Node that runs the runner of a kernel. */
  async function carriedVersion({ service }: TestAgent, kernel: KernelId): Promise<string> {
    return (await run(service, kernel, query('console.log(process.version)', 'node'))).stdout.trim();
  }

  /** Tells the run something as soon as it is up, and reads it to its end. */
  function answered({ service }: TestAgent, kernel: KernelId, runId: RunId): Promise<RunOutcome> {
    let told: Promise<number> | undefined;
    return readRun(service, kernel, runId, (record) => {
      if (record.type === 'stdout') told ??= service.sendInput(kernel, runId, 0, TOLD, true);
    }).finally(() => told);
  }

  async function expectToServe(source: NodeSource, version: string): Promise<void> {
    const node = await start(source);
    const kernel = await kernelOf(node);
    expect(await carriedVersion(node, kernel)).toBe(version);
    const runId = newRunId();
    await node.service.startRun(kernel, { runId, ...ECHO });
    const { stdout, finished } = await answered(node, kernel, runId);
    expect([stdout, finished]).toMatchObject([ANSWER, { exitCode: 0 }]);
  }

  it.for([22, 24])('takes Node %i of an npm package', PATIENCE, async (major, context) => {
    const source = await fetched(context, nodeFromNpm(major));
    const version = await versionOf(source);
    expect(version).toMatch(new RegExp(`^v${major}\\.`));
    await expectToServe(source, version);
  });

  it('takes the Node that nvm has installed', PATIENCE, async (context) => {
    const source = await asNvmHas(await fetched(context, nodeFromNpm(22)), home);
    await expectToServe(source, await versionOf(source));
  });

  it('takes Node of a distribution, with its libraries and scripts', PATIENCE, async (context) => {
    if (process.getuid!() !== 0) return context.skip('only root can place the packages where they belong');
    const source = await fetched(context, nodeFromDistribution());
    await ensureInstalledCarry(source, carries);
    const { nodePath, libraryPath } = source;
    await expectToServe({ nodePath, libraryPath }, source.version);
  });

  it('leaves running kernels alone when Node is upgraded', PATIENCE, async (context) => {
    const older = await fetched(context, nodeFromNpm(22));
    const newer = await fetched(context, nodeFromNpm(24));
    const nodePath = join(home, 'bin/node');
    await install(older, nodePath);
    const node = await start({ nodePath });
    const before = await kernelOf(node);
    const runId = newRunId();
    await node.service.startRun(before, { runId, ...ECHO });
    await untilOutput(node, before, runId);
    const oldCarry = await onlyCarryOf(carries);
    await utimes(oldCarry, LONG_AGO, LONG_AGO);
    const bait = await layBait(carries);

    await install(newer, nodePath);
    await node.restart();
    await gone(bait);
    await access(join(oldCarry, 'bin/node'));

    const { stdout, finished } = await answered(node, before, runId);
    expect([stdout, finished]).toMatchObject([ANSWER, { exitCode: 0 }]);
    expect(await carriedVersion(node, before)).toBe(await versionOf(older));
    expect(await carriedVersion(node, await kernelOf(node))).toBe(await versionOf(newer));

    // Nothing but its kernel kept it.
    await node.service.destroyKernel(before);
    await utimes(oldCarry, LONG_AGO, LONG_AGO);
    await node.restart();
    await gone(oldCarry);
  });
});

/** What a story needs. Where it is not to be had the story is skipped, or fails where all services are required. */
async function fetched<T>(context: TestContext, fetching: Promise<T>): Promise<T> {
  try {
    return await fetching;
  } catch (error) {
    if (required) throw error;
    return context.skip(`it cannot be fetched: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** Resolves when the run has printed something; leaves it to be read again. */
async function untilOutput({ service }: TestAgent, kernel: KernelId, runId: RunId): Promise<void> {
  const stream = await service.attachRun(kernel, runId, { from: 1 });
  for await (const frames of stream) {
    if (frames.some(({ type }) => recordTypeOf(type) === 'stdout')) break;
  }
  stream.close();
}

async function onlyCarryOf(directory: string): Promise<string> {
  const ids = (await readdir(directory)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  expect(ids).toHaveLength(1);
  return join(directory, ids[0]!);
}

/** A carry that nobody uses. Resolves with the file that names it, which a collection removes as its last act. */
async function layBait(directory: string): Promise<string> {
  const id = '0'.repeat(32);
  await mkdir(join(directory, id));
  await utimes(join(directory, id), LONG_AGO, LONG_AGO);
  const source = join(directory, 'sources', id);
  await writeFile(source, id);
  return source;
}

/** Resolves when there is nothing at `path` any more. */
async function gone(path: string): Promise<void> {
  while (existsSync(path)) await sleep(10);
}
