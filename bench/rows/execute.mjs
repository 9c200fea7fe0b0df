/** Execute round trip in a resident session. Floor: a resident interpreter that answers over a Unix socket. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { figure, interleave, quantile, timed } from '../harness.mjs';
import { createKernel, runToEnd } from '../node.mjs';

const FLOOR = new URL('../floors/repl_socket.py', import.meta.url).pathname;

async function startFloor(directory) {
  const path = join(directory, 'floor.sock');
  const child = spawn('/usr/bin/python3', [FLOOR, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const socket = connect(path);
  await once(socket, 'connect');
  return {
    async ask() {
      socket.write('{"code": "1+1"}\n');
      await once(socket, 'data');
    },
    stop() {
      socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

export async function execute(node, overWire, rounds = 8) {
  const floor = await startFloor(node.directory);
  const kernel = await createKernel(node.service);
  const query = { mode: 'query', language: 'python', code: '1+1' };
  const remote = await overWire();
  const samples = await interleave(
    {
      floor: () => timed(() => floor.ask()),
      'at KernelService': () => timed(() => runToEnd(node.service, kernel, query)),
      'over the wire': () => timed(() => remote.run(query)),
    },
    rounds,
    // A session's code comes in bursts; the first ones compile the path they take, on the CPU that they wait for.
    { warmUp: 10, block: 200 },
  );
  await remote.stop();
  floor.stop();
  await node.service.destroyKernel(kernel, { graceMs: 0 });
  const at = (name, q) => quantile(samples[name], q);
  const floorText = `${at('floor', 0.5).toFixed(3)} ms`;
  const p50 = at('at KernelService', 0.5);
  const p99 = at('at KernelService', 0.99);
  const wire = at('over the wire', 0.5);
  return {
    name: 'execute',
    samples,
    figures: [
      figure('execute at KernelService, p50', p50, 'ms', 'at most 0.6 ms', p50 <= 0.6, floorText),
      figure('execute at KernelService, p99', p99, 'ms', 'at most 3 ms', p99 <= 3, floorText),
      figure('execute over WebSocket, p50', wire, 'ms', 'at most 1 ms', wire <= 1, floorText),
    ],
  };
}
