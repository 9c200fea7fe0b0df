/** Whether files of a session are limited: in /tmp by the size of a file system in memory, in /home/work today by nothing. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { green, red, yellow, type Finding } from '../finding.js';
import { inUnits } from '../look.js';
import { reporting, reportOf, untold, type Probe } from './probe.js';

const MIB = 1024 * 1024;
/** /tmp gets half of it. */
const MEMORY = 320 * MIB;
const TRIED = MEMORY / 2 + 16 * MIB;

const FILL = `
const fs = require('node:fs');
const file = fs.openSync('/tmp/fill', 'w');
const block = Buffer.alloc(${MIB}, 1);
let bytes = 0;
let code = null;
try {
  while (bytes < ${TRIED}) bytes += fs.writeSync(file, block);
} catch (error) {
  code = error.code;
}
fs.unlinkSync('/tmp/fill');
console.log(JSON.stringify({ bytes, code }));
`;

export interface FillReport {
  readonly bytes: number;
  readonly code: string | null;
}

export function judgeTemporary({ bytes, code }: FillReport): Finding {
  const fix = 'This is a defect in Berth or in the driver; please report it.';
  if (code === null) return red(`${inUnits(bytes)} could be written to /tmp of a session with ${inUnits(MEMORY)} of memory`, fix);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return red(`/tmp cannot be written: ${code}`, fix);
  return green(`/tmp was full after ${inUnits(bytes)}, half of the memory of its session`);
}

export const temporary: Probe = {
  id: 'tmp',
  title: 'the size of /tmp is limited',
  missing: /^\/tmp /,
  run: reporting(FILL, judgeTemporary, { memoryBytes: MEMORY }),
};

const SIZE = `
const { bsize, blocks } = require('node:fs').statfsSync(process.env.HOME);
console.log(JSON.stringify({ bytes: bsize * blocks }));
`;

/** @param disk size of the file system on the machine, in bytes; `inside`: as the session sees it */
export function judgeQuota(inside: number, disk: number, path: string): Finding {
  if (inside < disk) return green(`/home/work holds ${inUnits(inside)}`);
  return yellow(
    `/home/work is not limited: a session can fill the disk of ${path} (${inUnits(disk)})`,
    'Put the files of sessions on a file system of their own, so that a full one stops sessions and nothing else.',
  );
}

export const quota: Probe = {
  id: 'quota',
  title: 'the size of /home/work is limited',
  run: (bench, signal) =>
    bench.withKernel({}, signal, async (kernel) => {
      const ran = await bench.run(kernel, SIZE);
      const report = reportOf<{ readonly bytes: number }>(ran);
      const { bsize, blocks } = await statfs(join(bench.directory, 's'));
      return report ? judgeQuota(report.bytes, bsize * blocks, bench.settings.scratchRoot) : untold(ran);
    }),
};
