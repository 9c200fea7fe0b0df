/** A session starts at all, and its code runs. */
import { systemClock } from '@berth/base';
import { green, red, yellow, type Finding } from '../finding.js';
import type { Probe } from './probe.js';

const SLOW_MS = 5_000;

export function judgeStart(stdout: string, ms: number): Finding {
  if (stdout !== '42\n')
    return red(`6 * 7 was ${JSON.stringify(stdout.slice(0, 40))}`, 'This is a defect in Berth; please report it.');
  const says = `first output after ${ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`}`;
  return ms > SLOW_MS ? yellow(says, 'See machine.ulimits, node.journal and the load of the machine.') : green(says);
}

export const start: Probe = {
  id: 'start',
  title: 'a session starts',
  async run(bench, signal) {
    const began = systemClock.monotonic();
    return bench.withKernel({}, signal, async (kernel) => {
      const { stdout } = await bench.run(kernel, 'console.log(6 * 7)');
      return judgeStart(stdout, systemClock.monotonic() - began);
    });
  },
};
