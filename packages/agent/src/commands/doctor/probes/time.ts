/** The time limit of a run ends it with all its processes, and the session lives on. */
import type { Finished } from '@berth/wire';
import { green, red, yellow, type Finding } from '../finding.js';
import type { Probe } from './probe.js';

const LIMIT_MS = 1_000;
/** Without a limit it ends by itself then. */
const LIFE_MS = 4_000;
const CODE = `process.on('SIGTERM', () => {}); setTimeout(() => process.exit(0), ${LIFE_MS});`;

export function judgeTime({ reason, wallMs }: Pick<Finished, 'reason' | 'wallMs'>, sessionLives: boolean): Finding {
  const fix = 'This is a defect in Berth; please report it.';
  const after = `after ${(wallMs / 1000).toFixed(1)} s`;
  if (reason === 'exited') return red(`a program ran on past its ${LIMIT_MS / 1000} s, and ended by itself ${after}`, fix);
  if (reason !== 'time-limit') return yellow(`it was ended ${after}, but the reason is told as ${reason}`, fix);
  if (!sessionLives) return red('the session ended with its run', fix);
  return green(`a program that would not stop was ended ${after}; its session lives on`);
}

export const time: Probe = {
  id: 'time',
  title: 'the time limit kills',
  run: (bench, signal) =>
    bench.withKernel({}, signal, async (kernel) => {
      const { finished } = await bench.run(kernel, CODE, { timeoutMs: LIMIT_MS });
      const after = await bench.run(kernel, `console.log('alive')`).catch(() => undefined);
      return judgeTime(finished, after?.stdout.trim() === 'alive');
    }),
};
