/** Cold session, local image, to its first result. Floor: bare create and start of the image, then the bare interpreter. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Docker from 'dockerode';
import { figure, interleave, quantile, timed } from '../harness.mjs';
import { createKernel, dockerSocket, IMAGE, runToEnd } from '../node.mjs';

const CODE = 'print(6*7)';

export async function cold(node, rounds = 20) {
  const docker = new Docker({ socketPath: dockerSocket() });
  let container;
  let kernel;
  const samples = await interleave(
    {
      'docker create+start': async () => {
        const ms = await timed(async () => {
          container = await docker.createContainer({ Image: IMAGE, Cmd: ['sleep', '60'], HostConfig: { NetworkMode: 'none' } });
          await container.start();
        });
        await container.remove({ force: true });
        return ms;
      },
      interpreter: () =>
        timed(async () => {
          const child = spawn('/usr/bin/python3', ['-c', CODE], { stdio: ['ignore', 'ignore', 'inherit'] });
          await once(child, 'exit');
        }),
      'berth session': async () => {
        let text = '';
        const ms = await timed(async () => {
          kernel = await createKernel(node.service);
          await runToEnd(node.service, kernel, { mode: 'batch', interpreter: 'python', argv: ['-c', CODE] }, (frame) => {
            if (frame.type === 0x10) text += Buffer.from(frame.payload).toString();
          });
        });
        if (text !== '42\n') throw new Error(`the session printed ${JSON.stringify(text)}`);
        await node.service.destroyKernel(kernel, { graceMs: 0 });
        return ms;
      },
    },
    rounds,
  );
  const floor = quantile(samples['docker create+start'], 0.5) + quantile(samples.interpreter, 0.5);
  const ratio = quantile(samples['berth session'], 0.5) / floor;
  return {
    name: 'cold',
    samples,
    figures: [figure('cold session, p50', ratio, 'x', 'at most 1.35 x', ratio <= 1.35, `${floor.toFixed(0)} ms`)],
  };
}
