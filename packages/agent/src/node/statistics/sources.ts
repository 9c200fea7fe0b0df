/** Which file says what. docs/statistics.md is tested against this table. */
import { parseBlkio, parseCount, parseCpuStat, parseIoStat, parseNetDev } from './parse.js';

/** What a kernel's files say at one moment; null where a file is missing or odd. */
export interface Counters {
  readonly cpuNs: number | null;
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly ioReadBytes: number | null;
  readonly ioWriteBytes: number | null;
  readonly netRxBytes: number | null;
  readonly netTxBytes: number | null;
}

export type MutableCounters = { -readonly [K in keyof Counters]: Counters[K] };

/** One file of a control group: its name in each version, and what it tells. */
export interface GroupSource {
  readonly gives: readonly (keyof Counters)[];
  /** Name of the controller in v1; v2 has one directory for all. */
  readonly controller: string;
  readonly file: { readonly 1: string; readonly 2: string };
  readonly put: (counters: MutableCounters, text: string, version: 1 | 2) => void;
}

export const GROUP_SOURCES: readonly GroupSource[] = [
  {
    gives: ['cpuNs'],
    controller: 'cpuacct',
    file: { 1: 'cpuacct.usage', 2: 'cpu.stat' },
    put: (counters, text, version) => void (counters.cpuNs = version === 1 ? parseCount(text) : parseCpuStat(text)),
  },
  {
    gives: ['memoryBytes'],
    controller: 'memory',
    file: { 1: 'memory.usage_in_bytes', 2: 'memory.current' },
    put: (counters, text) => void (counters.memoryBytes = parseCount(text)),
  },
  {
    gives: ['memoryPeakBytes'],
    controller: 'memory',
    file: { 1: 'memory.max_usage_in_bytes', 2: 'memory.peak' },
    put: (counters, text) => void (counters.memoryPeakBytes = parseCount(text)),
  },
  {
    gives: ['ioReadBytes', 'ioWriteBytes'],
    controller: 'blkio',
    file: { 1: 'blkio.throttle.io_service_bytes', 2: 'io.stat' },
    put: (counters, text, version) => {
      const transfer = version === 1 ? parseBlkio(text) : parseIoStat(text);
      counters.ioReadBytes = transfer?.read ?? null;
      counters.ioWriteBytes = transfer?.write ?? null;
    },
  },
];

/** Below `/proc/<pid>`. */
export const NETWORK_FILE = 'net/dev';

export function putTraffic(counters: MutableCounters, text: string): void {
  const traffic = parseNetDev(text);
  counters.netRxBytes = traffic?.rx ?? null;
  counters.netTxBytes = traffic?.tx ?? null;
}

/** Tells whether a group still has processes: `cgroup.procs` lists them, `cgroup.events` says so for what is below, too. */
export const POPULATION_FILE = { 1: 'cgroup.procs', 2: 'cgroup.events' } as const;

export const isPopulated = (text: string, version: 1 | 2): boolean =>
  version === 1 ? text.trim() !== '' : !/^populated 0$/m.test(text);

export const noCounters = (): MutableCounters => ({
  cpuNs: null,
  memoryBytes: null,
  memoryPeakBytes: null,
  ioReadBytes: null,
  ioWriteBytes: null,
  netRxBytes: null,
  netTxBytes: null,
});
