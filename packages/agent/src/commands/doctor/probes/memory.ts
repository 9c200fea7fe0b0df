/** The memory limit ends what exceeds it, and the reason is told. */
import type { Ran } from '../bench.js';
import { green, red, yellow, type Finding } from '../finding.js';
import { inUnits } from '../look.js';
import type { Probe } from './probe.js';

const MIB = 1024 * 1024;
const LIMIT = 128 * MIB;
/** Twice the limit, and no more: where there is none, the machine must not suffer. */
const CODE = `
const kept = [];
for (let i = 0; i < 16; i++) kept.push(Buffer.alloc(${(2 * LIMIT) / 16}, 1));
console.log('survived', kept.length);
`;

export function judgeMemory({ stdout, finished }: Ran): Finding {
  const limit = inUnits(LIMIT);
  const fix = 'See docker.cgroups and machine.cgroups: the controller `memory` must be there and in use.';
  if (stdout.includes('survived')) return red(`a program took twice its ${limit} and lived`, fix);
  if (finished.reason === 'oom')
    return green(`a program that took more than ${limit} was ended, and that was told as the reason`);
  return yellow(`a program that took more than ${limit} ended, but the reason is told as ${finished.reason}`, fix);
}

export const memory: Probe = {
  id: 'memory',
  title: 'the memory limit kills',
  missing: /^(The )?memory /i,
  run: (bench, signal) =>
    bench.withKernel({ memoryBytes: LIMIT }, signal, async (kernel) => judgeMemory(await bench.run(kernel, CODE))),
};
