/** Standard output to a consumer. Floor: the same writer into a plain pipe. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { figure, interleave, quantile, timed } from '../harness.mjs';
import { createKernel, runToEnd } from '../node.mjs';

const WRITER = new URL('../floors/write_blocks.py', import.meta.url);
const MIB = 512;

async function plainPipe() {
  const child = spawn('/usr/bin/python3', [WRITER.pathname, String(MIB)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let bytes = 0;
  child.stdout.on('data', (chunk) => (bytes += chunk.length));
  await once(child.stdout, 'end');
  check(bytes);
}

function check(bytes) {
  if (bytes !== MIB * 1024 * 1024) throw new Error(`${bytes} bytes arrived`);
}

const speed = (ms) => (MIB * 1.048576) / (ms / 1000);

export async function stream(node, overWire, rounds = 5) {
  const kernel = await createKernel(node.service, { cpus: 2 });
  const code = await readFile(WRITER, 'utf8');
  const request = { mode: 'batch', interpreter: 'python', argv: ['-c', code, String(MIB)] };
  const remote = await overWire();
  const counted = async (run) => {
    let bytes = 0;
    const ms = await timed(() => run((length) => (bytes += length)));
    check(bytes);
    return speed(ms);
  };
  const samples = await interleave(
    {
      pipe: async () => speed(await timed(plainPipe)),
      'at KernelService': () =>
        counted((count) =>
          runToEnd(node.service, kernel, request, (frame) => frame.type === 0x10 && count(frame.payload.length)),
        ),
      'over WebSocket': () => counted((count) => remote.run(request, count)),
    },
    rounds,
  );
  await remote.stop();
  await node.service.destroyKernel(kernel, { graceMs: 0 });
  const p50 = (name) => quantile(samples[name], 0.5);
  const floor = `${p50('pipe').toFixed(0)} MB/s`;
  return {
    name: 'stream',
    samples,
    figures: [
      figure('stdout at KernelService', p50('at KernelService'), 'MB/s', 'at least 400', p50('at KernelService') >= 400, floor),
      figure('stdout over WebSocket', p50('over WebSocket'), 'MB/s', 'at least 150', p50('over WebSocket') >= 150, floor),
    ],
  };
}
