/** What a node at rest and an idle kernel cost. Floor: a bare Node process. Read from /proc, so it wants root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { newRunId } from '@berth/wire';
import Docker from 'dockerode';
import { figure } from '../harness.mjs';
import { dockerSocket, IMAGE } from '../node.mjs';
import { startBerth } from '../berth-process.mjs';

const KERNELS = 4;
const REST_SECONDS = 20;
const MIB = 1024 * 1024;

async function rollup(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { rss: kib('Rss') * 1024, private: (kib('Private_Clean') + kib('Private_Dirty')) * 1024 };
}

/** CPU time of a process in seconds (clock ticks of 1/100 s). */
async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function bareNode() {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const { rss } = await rollup(child.pid);
  child.kill('SIGKILL');
  return rss;
}

/** The runner is the child of the container's init. */
async function runnerPid(docker, container) {
  const init = (await docker.getContainer(container.Id).inspect()).State.Pid;
  const children = (await readFile(`/proc/${init}/task/${init}/children`, 'utf8')).trim().split(' ');
  return Number(children[0]);
}

const FIRST_RUNS = [
  { mode: 'batch', argv: ['echo', 'hello'] },
  { mode: 'query', language: 'python', code: 'print(6 * 7)' },
];

/** A session that has run one program and one piece of code. */
async function usedSession(client) {
  const { sessionId } = await client.createSession({ spec: { image: IMAGE } });
  for (const request of FIRST_RUNS) {
    const runId = newRunId();
    await client.startRun(sessionId, { runId, ...request });
    for await (const record of client.attach(sessionId, runId)) {
      if (record.type === 'finished' && record.exitCode !== 0) throw new Error(`a first run failed: ${record.reason}`);
    }
  }
}

export async function memory() {
  const bare = await bareNode();
  const berth = await startBerth();
  try {
    // Its start is over by then, with what the engine compiles and collects after it.
    await wait(15_000);
    const cpuBefore = await cpuSeconds(berth.pid);
    await wait(REST_SECONDS * 1000);
    const cpu = ((await cpuSeconds(berth.pid)) - cpuBefore) / REST_SECONDS;
    const rest = (await rollup(berth.pid)).rss;
    for (let i = 0; i < KERNELS; i++) await usedSession(berth.client);
    await wait(2000);
    const docker = new Docker({ socketPath: dockerSocket() });
    const containers = (await docker.listContainers()).filter((c) => c.Names.some((name) => name.startsWith('/berth-')));
    const runners = [];
    for (const container of containers) runners.push((await rollup(await runnerPid(docker, container))).private / MIB);
    const worst = Math.max(...runners);
    return {
      name: 'memory',
      samples: { bareNodeBytes: [bare], restBytes: [rest], restCpuShare: [cpu], runnerPrivateMiB: runners },
      figures: [
        figure(
          'agent at rest, resident',
          rest / 1e6,
          'MB',
          'at most 90',
          rest / 1e6 <= 90,
          `bare Node ${(bare / 1e6).toFixed(0)} MB`,
        ),
        figure('agent at rest, CPU', cpu * 100, '% of a core', 'below 0.5', cpu < 0.005),
        figure('runner of an idle kernel after its first runs, private', worst, 'MiB', 'at most 10', worst <= 10),
      ],
    };
  } finally {
    await berth.stop();
  }
}
