/** The limit of processes stops a fork bomb. */
import type { Ran } from '../bench.js';
import { green, red, type Finding } from '../finding.js';
import { reportOf, untold, type Probe } from './probe.js';

const LIMIT = 64;
/** So many are tried: enough to tell, too few to hurt where there is no limit. */
const TRIED = LIMIT + 16;

const CODE = `
const { spawn } = require('node:child_process');
const children = [];
let refused = null;
for (let i = 0; i < ${TRIED} && refused === null; i++) {
  const child = spawn('sleep', ['20'], { stdio: 'ignore' });
  child.on('error', () => {});
  if (child.pid === undefined) refused = i;
  else children.push(child);
}
for (const child of children) child.kill('SIGKILL');
console.log(JSON.stringify({ refused, made: children.length }));
process.exit(0);
`;

export function judgePids(ran: Ran): Finding {
  // It may be ended before it can tell.
  if (ran.finished.reason === 'pids-limit') return green(`a program that wanted more than ${LIMIT} was ended`);
  const report = reportOf<{ readonly refused: number | null; readonly made: number }>(ran);
  if (!report) return untold(ran);
  const fix = 'See docker.cgroups and machine.cgroups: the controller `pids` must be there and in use.';
  if (report.refused === null) return red(`${report.made} processes were made where ${LIMIT} are allowed`, fix);
  // Nothing at all could be started: that proves no limit.
  if (report.made === 0) return untold(ran);
  return green(`of ${LIMIT} allowed in all, a program could start ${report.made} more; then it was refused`);
}

export const pids: Probe = {
  id: 'pids',
  title: 'the limit of processes holds',
  missing: /^(The )?processes /i,
  run: (bench, signal) => bench.withKernel({ pids: LIMIT }, signal, async (kernel) => judgePids(await bench.run(kernel, CODE))),
};
