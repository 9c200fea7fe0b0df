/** Output that was read but not confirmed is there again after a dropped connection. */
import { newRunId, type KernelId, type KernelService, type RunId } from '@berth/wire';
import { recordsOf } from '../../../manager-link/v1_4/execute/records.js';
import { green, red, type Finding } from '../finding.js';
import type { Probe } from './probe.js';

const LINES = 20;
const CODE = `
let line = 0;
const timer = setInterval(() => {
  console.log('line', ++line);
  if (line === ${LINES}) clearInterval(timer);
}, 25);
`;

export interface OutputReport {
  /** What came before the connection was dropped, and what came after. */
  readonly before: string;
  readonly after: string;
  /** Bytes that are said to be lost. */
  readonly lost: number;
}

export function judgeOutput({ before, after, lost }: OutputReport): Finding {
  const whole = Array.from({ length: LINES }, (_, index) => `line ${index + 1}\n`).join('');
  const fix = 'This is a defect in Berth; please report it.';
  if (lost > 0) return red(`${lost} bytes of output were lost with the connection`, fix);
  if (after !== whole || !after.startsWith(before)) return red('after a dropped connection, output is not what it was', fix);
  return green(`${LINES} lines came whole, though the connection was dropped among them`);
}

async function read(service: KernelService, kernel: KernelId, run: RunId, until: 'output' | 'end') {
  const stream = await service.attachRun(kernel, run, { from: 1 });
  let text = '';
  let lost = 0;
  try {
    for await (const frames of stream) {
      for (const record of recordsOf(frames)) {
        if (record.type === 'stdout') text += Buffer.from(record.data).toString();
        if (record.type === 'gap') lost += record.bytes;
      }
      if (until === 'output' && text !== '') break;
    }
  } finally {
    stream.close();
  }
  return { text, lost };
}

export const output: Probe = {
  id: 'output',
  title: 'output survives a dropped connection',
  run: (bench, signal) =>
    bench.withKernel({}, signal, async (kernel) => {
      const runId = newRunId();
      await bench.service.startRun(kernel, { runId, mode: 'batch', interpreter: 'node', argv: ['-e', CODE] });
      const first = await read(bench.service, kernel, runId, 'output');
      const second = await read(bench.service, kernel, runId, 'end');
      return judgeOutput({ before: first.text, after: second.text, lost: second.lost });
    }),
};
