/**
 * What one sample of 100 kernels costs in CPU time. Ten containers stand for ten kernels each: every kernel has open files of its own.
 * Floor: the same files opened, read and closed, and nothing made of them.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import Docker from 'dockerode';
import { figure, interleave, quantile } from '../harness.mjs';
import { dockerSocket, IMAGE } from '../node.mjs';
import { StatisticsSampler } from '../../packages/agent/dist/node/statistics/sampler.js';

const CONTAINERS = 10;
const KERNELS_EACH = 10;
const ROUNDS = 60;
const GOAL_MS = 15;

/** Milliseconds of CPU, user and system, that `fn` takes. */
function cpuMs(fn) {
  const before = process.cpuUsage();
  fn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function filesOf(pid) {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
  const group = (controller) => new RegExp(`^\\d+:(?:\\S*,)?${controller}(?:,\\S*)?:(.*)$`, 'm').exec(groups)?.[1];
  const unified = /^0::(.*)$/m.exec(groups)?.[1];
  const v1 = [
    ['cpuacct', 'cpuacct.usage'],
    ['memory', 'memory.usage_in_bytes'],
    ['memory', 'memory.max_usage_in_bytes'],
    ['blkio', 'blkio.throttle.io_service_bytes'],
  ].map(([controller, name]) => `/sys/fs/cgroup/${controller}${group(controller)}/${name}`);
  const v2 = ['cpu.stat', 'memory.current', 'memory.peak', 'io.stat'].map((name) => `/sys/fs/cgroup${unified}/${name}`);
  return [...(group('cpuacct') ? v1 : v2), `/proc/${pid}/net/dev`];
}

export async function statistics() {
  const docker = new Docker({ socketPath: dockerSocket() });
  const containers = [];
  const stop = new AbortController();
  let sampling;
  try {
    for (let n = 0; n < CONTAINERS; n++) {
      const container = await docker.createContainer({ Image: IMAGE, Entrypoint: ['/bin/sleep'], Cmd: ['3600'] });
      containers.push(container);
      await container.start();
    }
    const pids = new Map();
    for (const { id } of containers) pids.set(id, (await docker.getContainer(id).inspect()).State.Pid);
    const kernels = containers.flatMap(({ id }) =>
      Array.from({ length: KERNELS_EACH }, (_, n) => ({
        kernelId: `${id.slice(0, 12)}-${n}`,
        containerId: id,
        incarnation: 1,
        workDirectory: '/nonexistent',
      })),
    );
    const sampler = new StatisticsSampler({
      kernels: () => kernels,
      driver: { inspect: (id) => Promise.resolve({ pid: pids.get(id) }) },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      // Rounds are made by hand.
      intervalMs: 1e8,
    });
    sampling = sampler.keepSampling(stop.signal);
    while (kernels.some(({ kernelId }) => sampler.latest(kernelId)?.cpuNs == null)) {
      sampler.sampleNow();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const files = (await Promise.all([...pids.values()].map(filesOf))).flat();
    const buffer = Buffer.alloc(64 * 1024);
    const readAll = () => {
      for (let n = 0; n < KERNELS_EACH; n++) {
        for (const path of files) {
          const fd = openSync(path);
          readSync(fd, buffer);
          closeSync(fd);
        }
      }
    };
    const samples = await interleave(
      {
        sampleMs: () => Promise.resolve(cpuMs(() => sampler.sampleNow())),
        floorMs: () => Promise.resolve(cpuMs(readAll)),
      },
      ROUNDS,
      { warmUp: 10 },
    );
    const [p50, worst] = [quantile(samples.sampleMs, 0.5), quantile(samples.sampleMs, 0.99)];
    const floor = `${quantile(samples.floorMs, 0.5).toFixed(1)} ms`;
    return {
      name: 'statistics',
      samples,
      figures: [
        figure('statistics of 100 kernels, CPU, p50', p50, 'ms', `at most ${GOAL_MS}`, p50 <= GOAL_MS, floor),
        figure('statistics of 100 kernels, CPU, p99', worst, 'ms', `at most ${GOAL_MS}`, worst <= GOAL_MS),
      ],
    };
  } finally {
    stop.abort();
    await sampling;
    for (const container of containers) await container.remove({ force: true });
  }
}
