/** Cold sandbox session to its first result. Floor: bubblewrap with the same namespaces, then a start of Node, then the interpreter. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { figure, interleave, quantile, timed } from '../harness.mjs';
import { createKernel, runToEnd, startNode } from '../node.mjs';

const CODE = 'print(6*7)';
const NAMESPACES = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net'];
const USER = process.getuid() === 0 ? [] : ['--unshare-user'];
const FLOORS = {
  bubblewrap: ['bwrap', ...NAMESPACES, ...USER, '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--', '/bin/true'],
  'node start': [process.execPath, '-e', '0'],
  interpreter: ['/usr/bin/python3', '-c', CODE],
};

const wholeLife =
  ([program, ...args]) =>
  () =>
    timed(async () => {
      const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
      const [code] = await once(child, 'exit');
      if (code !== 0) throw new Error(`${program} ended with ${code}`);
    });

export async function sandbox(rounds = 40) {
  const node = await startNode({ driver: 'sandbox' });
  const session = async () => {
    let text = '';
    let kernel;
    const ms = await timed(async () => {
      kernel = await createKernel(node.service, { image: 'host' });
      await runToEnd(node.service, kernel, { mode: 'batch', interpreter: 'python', argv: ['-c', CODE] }, (frame) => {
        if (frame.type === 0x10) text += Buffer.from(frame.payload).toString();
      });
    });
    if (text !== '42\n') throw new Error(`the session printed ${JSON.stringify(text)}`);
    await node.service.destroyKernel(kernel, { graceMs: 0 });
    return ms;
  };
  try {
    const floors = Object.fromEntries(Object.entries(FLOORS).map(([name, argv]) => [name, wholeLife(argv)]));
    const samples = await interleave({ ...floors, 'berth session': session }, rounds);
    const median = (name) => quantile(samples[name], 0.5);
    const floor = Object.keys(FLOORS).reduce((sum, name) => sum + median(name), 0);
    const ratio = median('berth session') / floor;
    const parts = Object.keys(FLOORS).map((name) => median(name).toFixed(0));
    return {
      name: 'sandbox',
      samples,
      figures: [figure('cold sandbox session, p50', ratio, 'x', 'at most 1.5 x', ratio <= 1.5, `${parts.join(' + ')} ms`)],
    };
  } finally {
    await node.stop();
  }
}
