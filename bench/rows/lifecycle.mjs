/** Sessions made and ended, one by one and several at once, beside bare Docker; and a node that is started again with a hundred of them. */
import { setTimeout as wait } from 'node:timers/promises';
import { newRunId, recordTypeOf } from '@berth/wire';
import Docker from 'dockerode';
import { figure, interleave, quantile, timed } from '../harness.mjs';
import { createKernel, dockerSocket, IMAGE } from '../node.mjs';

const AT_ONCE = [1, 4, 8];
const MANY = 100;
/** So many of them print numbers while the node is away. */
const BUSY = 10;
const NUMBERS = 'i=0; while [ $i -lt 100000 ]; do echo $i; i=$((i+1)); sleep 0.02; done';
const PATIENCE_MS = 60_000;

const times = (count, make) => Promise.all(Array.from({ length: count }, make));

export async function lifecycle(node, rounds = 6) {
  const docker = new Docker({ socketPath: dockerSocket() });
  const bare = async () => {
    const container = await docker.createContainer({ Image: IMAGE, Cmd: ['sleep', '60'], HostConfig: { NetworkMode: 'none' } });
    await container.start();
    return container;
  };
  const destroyed = { docker: [], berth: [] };
  const measurements = {};
  for (const count of AT_ONCE) {
    measurements[`docker ${count}`] = async () => {
      let made;
      const ms = await timed(async () => (made = await times(count, bare)));
      for (const container of made) destroyed.docker.push(await timed(() => container.remove({ force: true })));
      return ms;
    };
    measurements[`berth ${count}`] = async () => {
      let made;
      const ms = await timed(async () => (made = await times(count, () => createKernel(node.service))));
      for (const kernel of made) destroyed.berth.push(await timed(() => node.service.destroyKernel(kernel, { graceMs: 0 })));
      return ms;
    };
  }
  const samples = await interleave(measurements, rounds);
  const p50 = (name) => quantile(samples[name], 0.5);
  const made = AT_ONCE.map((count) => {
    const ratio = p50(`berth ${count}`) / p50(`docker ${count}`);
    const name = count === 1 ? 'session made, one by one, p50' : `${count} sessions made at once, p50`;
    return figure(name, ratio, 'x', 'at most 1.35 x', ratio <= 1.35, `${p50(`docker ${count}`).toFixed(0)} ms`);
  });
  const [dockerEnd, berthEnd] = [quantile(destroyed.docker, 0.5), quantile(destroyed.berth, 0.5)];
  const again = await startedAgain(node, docker);
  return {
    name: 'lifecycle',
    samples: { ...samples, ...destroyed, ...again.samples },
    figures: [
      ...made,
      figure(
        'session ended, p50',
        berthEnd / dockerEnd,
        'x',
        'at most 1.35 x',
        berthEnd <= 1.35 * dockerEnd,
        `${dockerEnd.toFixed(0)} ms`,
      ),
      ...again.figures,
    ],
  };
}

async function startedAgain(node, docker) {
  const kernels = [];
  for (let left = MANY; left > 0; left -= 4) kernels.push(...(await times(4, () => createKernel(node.service))));
  const runs = await Promise.all(
    kernels.slice(0, BUSY).map(async (kernel) => {
      const runId = newRunId();
      await node.service.startRun(kernel, { runId, mode: 'batch', argv: ['/bin/sh', '-c', NUMBERS], durable: true });
      return { kernel, runId };
    }),
  );
  const listing = await timed(() => docker.listContainers({ all: true }));
  let called;
  let ready;
  const whole = await timed(async () => {
    called = await timed(() => node.restart());
    ready = await timed(() => untilAllReachable(node.service));
  });
  const wrong = [];
  for (const { kernel, runId } of runs) if (!(await goesOnWhole(node.service, kernel, runId))) wrong.push(kernel);
  for (let left = [...kernels]; left.length > 0;)
    await Promise.all(left.splice(0, 4).map((kernel) => node.service.destroyKernel(kernel, { graceMs: 0 })));
  const seconds = whole / 1000;
  return {
    samples: { restartMs: [called], reachableMs: [ready], listingMs: [listing] },
    figures: [
      figure(
        `started again with ${MANY} sessions, all reachable`,
        seconds,
        's',
        'at most 2 s',
        seconds <= 2,
        `listing once ${listing.toFixed(0)} ms`,
      ),
      figure(`runs that lost output by it, of ${BUSY}`, wrong.length, '', 'none', wrong.length === 0),
    ],
  };
}

async function untilAllReachable(service) {
  for (let waited = 0; waited < PATIENCE_MS; waited += 5) {
    const views = service.listKernels();
    if (views.length === MANY && views.every(({ reachable }) => reachable)) return;
    await wait(5);
  }
  throw new Error('not every session was reachable again');
}

/** Reads a run that prints numbers from its beginning to beyond where it was; true when none is missing. */
async function goesOnWhole(service, kernel, runId) {
  const { highest } = (await service.listRuns(kernel)).find((run) => run.runId === runId);
  const stream = await service.attachRun(kernel, runId, { from: 1 });
  let text = '';
  for await (const frames of stream) {
    for (const frame of frames) if (recordTypeOf(frame.type) === 'stdout') text += Buffer.from(frame.payload).toString();
    stream.ack(frames.at(-1).seq);
    if (frames.at(-1).seq > highest + 5) break;
  }
  stream.close();
  const numbers = text.trimEnd().split('\n');
  return numbers.length > 1 && numbers.every((line, index) => line === String(index));
}
