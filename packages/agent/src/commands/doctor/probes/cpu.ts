/** The CPU limit throttles: CPU time of a program that never waits, against wall time. */
import { green, red, yellow, type Finding } from '../finding.js';
import { reportOf, untold, type Probe } from './probe.js';

const CORES = 0.1;
/** A period may be begun anew within the measurement, and each core may keep a slice: so much more is no fault. */
const TOLERANCE = 0.1;
/** Where nothing was held back although more was used than this, there is no limit. */
const CERTAIN = 1.1 * CORES;
const WALL_MS = 1_200;
const TRIES = 3;

/** Two threads: on a busy machine one alone may not get what it wants even without a limit. The counter is that of the session's own group. */
const CODE = `
const { Worker } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
const named = readFileSync('/proc/self/cgroup', 'utf8').trimEnd().split('\\n').map((line) => line.split(':').slice(1));
const groups = [...named.map(([names, path]) => names + path), '', 'cpu', 'cpu,cpuacct'];
const held = () => {
  for (const path of groups.map((group) => '/sys/fs/cgroup/' + group + '/cpu.stat')) {
    try {
      const count = /^nr_throttled (\\d+)$/m.exec(readFileSync(path, 'utf8'));
      if (count) return Number(count[1]);
    } catch {}
  }
  return null;
};
const busy = 'const end = Date.now() + ${WALL_MS}; while (Date.now() < end);';
const heldBefore = held();
const began = process.hrtime.bigint();
const before = process.cpuUsage();
const worker = new Worker(busy, { eval: true });
worker.on('exit', () => {
  const { user, system } = process.cpuUsage(before);
  const wallMs = Number(process.hrtime.bigint() - began) / 1e6;
  console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1e3, held: heldBefore === null ? null : held() - heldBefore }));
});
eval(busy);
`;

export interface CpuReport {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** How often the kernel held the session back; null where that is not told. */
  readonly held: number | null;
}

export function judgeCpu({ wallMs, cpuMs, held }: CpuReport): Finding {
  const used = cpuMs / wallMs;
  const says = `${used.toFixed(2)} of a core were used where ${CORES} is allowed`;
  const fix = 'See docker.cgroups and machine.cgroups: the controller `cpu` must be there, with CONFIG_CFS_BANDWIDTH.';
  if (!(used <= CORES + TOLERANCE)) return red(says, fix);
  if (held === 0 && used > CERTAIN) return red(`${says}, and nothing was held back`, fix);
  if (held === 0 || (held === null && used < CORES / 2))
    return yellow(`${says}: the machine is too busy to tell`, 'Run it again when the machine is less busy.');
  return green(`${says} (up to ${(CORES + TOLERANCE).toFixed(2)} would be no fault)`);
}

export const cpu: Probe = {
  id: 'cpu',
  title: 'the CPU limit holds',
  missing: /^(The )?CPU /i,
  run: (bench, signal) =>
    bench.withKernel({ cpus: CORES }, signal, async (kernel) => {
      for (let tried = 1; ; tried++) {
        const ran = await bench.run(kernel, CODE);
        const report = reportOf<CpuReport>(ran);
        if (!report) return untold(ran);
        const finding = judgeCpu(report);
        if (finding.state !== 'yellow' || tried === TRIES) return finding;
      }
    }),
};
