/** A node for measurements: an agent in this process, in a temporary directory, on the Docker of DOCKER_HOST unless another driver is named. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgent } from '@berth/agent';
import { completeKernelSpec, newRunId, newSessionId, recordTypeOf } from '@berth/wire';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export const IMAGE = process.env.BERTH_BENCH_IMAGE ?? 'berth-test/debian:1';

export function dockerSocket() {
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  if (!host.startsWith('unix://')) throw new Error('the benchmark wants a Docker on a Unix socket');
  return host.slice('unix://'.length);
}

export async function startNode({ driver = 'docker' } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const start = () =>
    startAgent({
      stateDirectory: join(directory, 'state'),
      scratchRoot: join(directory, 'scratch'),
      carryDirectory: join(directory, 'carry'),
      namespace: 'bench',
      docker: { socketPath: dockerSocket() },
      driver,
      logger: silent,
    });
  let agent = await start();
  return {
    directory,
    get service() {
      return agent.service;
    },
    /** Another life of the same agent: its sessions live on. */
    async restart() {
      await agent.stop({ terminate: false });
      agent = await start();
    },
    async stop() {
      await agent.stop({ terminate: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function createKernel(service, spec = {}) {
  const id = newSessionId();
  await service.createKernel({ kernelId: id, sessionId: id, spec: completeKernelSpec({ image: IMAGE, ...spec }) });
  return id;
}

/** Starts a run and reads it to its end; `onFrame` sees every record frame. Resolves with the `finished` payload. */
export async function runToEnd(service, kernel, request, onFrame = () => {}) {
  const runId = newRunId();
  // Both requests leave at once; the link keeps their order.
  const [, stream] = await Promise.all([
    service.startRun(kernel, { runId, ...request }),
    service.attachRun(kernel, runId, { from: 1 }),
  ]);
  let finished;
  for await (const batch of stream) {
    for (const frame of batch) {
      onFrame(frame);
      if (recordTypeOf(frame.type) === 'finished') finished = JSON.parse(Buffer.from(frame.payload).toString());
    }
    stream.ack(batch.at(-1).seq);
  }
  return finished;
}
