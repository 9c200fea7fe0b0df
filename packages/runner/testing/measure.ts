/**
 * Prints what the runner costs: throughput of a program that writes 64 KiB blocks, private memory at rest and after 1 GiB, with a
 * quick reader, a slow one, and none; the same for a program that writes single bytes to both its outputs. Bundle it with esbuild
 * to run it; not part of the tests. Argument: `speed`, `memory`, or both.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RunId } from '@berth/wire';
import { startRunner, type Harness } from './harness.js';

const GIB = 1024 ** 3;
const WRITER = `import os
b = b"x" * 65536
for i in range(16384): os.write(1, b)`;
/** Two kinds in turn do not join. */
const SMALL_WRITER = `import os
while True: os.write(1, b"x"); os.write(2, b"y")`;

function privateKiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/Private_Dirty:\s+(\d+)/.exec(text)![1]);
}

async function watch<T>(harness: Harness, work: Promise<T>): Promise<{ result: T; peak: number }> {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, privateKiB(harness.pid))), 20);
  const result = await work;
  clearInterval(timer);
  return { result, peak };
}

async function measure(name: string, fifos: number, reader: 'quick' | 'hash' | 'slow' | 'none', writer = WRITER): Promise<void> {
  const harness = await startRunner({ spec: { fifos } });
  try {
    const agent = await harness.agent();
    await agent.call('start', { run: { mode: 'batch', runId: 'warm' as RunId, argv: ['true'] } });
    await (
      await agent.subscribe('warm')
    ).ended;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const rest = privateKiB(harness.pid);
    const begun = performance.now();
    await agent.call('start', { run: { mode: 'batch', runId: 'r' as RunId, argv: ['python3', '-c', writer] } });
    let bytes = 0;
    const hash = createHash('sha256');
    const { peak } = await watch(
      harness,
      (async () => {
        if (reader === 'none') {
          await new Promise((resolve) => setTimeout(resolve, 8000));
          return;
        }
        let free = 0;
        const stream = await agent.subscribe('r', {
          ack: reader !== 'slow',
          onRecord: (record) => {
            if (record.type !== 'stdout' && record.type !== 'stderr') return;
            bytes += record.data.length;
            if (reader === 'hash') hash.update(record.data);
            if (reader !== 'slow') return;
            free = Math.max(free, performance.now()) + record.data.length / 1000;
            setTimeout(() => stream.ack(record.seq), free - performance.now());
          },
        });
        await (reader === 'slow' ? new Promise((resolve) => setTimeout(resolve, 10_000)) : stream.ended);
      })(),
    );
    const ms = performance.now() - begun;
    const memory = await agent.call('memory', {});
    const { runs } = await agent.call('runs', {});
    console.log(
      `${name}: ${(bytes / 1000 / ms).toFixed(0)} MB/s, ${bytes} bytes (${bytes === GIB}), rest ${rest} KiB, peak +${peak - rest} KiB, retained ${memory.retained}, spilled ${memory.spilled}, ${JSON.stringify(runs.at(-1))}`,
    );
    if (reader === 'slow' || reader === 'none') {
      await agent.call('signal', { run: 'r' as RunId, signal: 'kill' });
    }
    await agent.close();
  } finally {
    await harness.stop();
  }
}

const which = process.argv[2];
if (which !== 'memory') {
  for (let round = 0; round < 3; round++) {
    await measure('fifo quick', 8, 'quick');
    await measure('socketpair quick', 0, 'quick');
  }
  await measure('fifo hash', 8, 'hash');
}
if (which !== 'speed') {
  await measure('fifo slow', 8, 'slow');
  await measure('fifo none', 8, 'none');
  await measure('single bytes slow', 8, 'slow', SMALL_WRITER);
  await measure('single bytes none', 8, 'none', SMALL_WRITER);
}
