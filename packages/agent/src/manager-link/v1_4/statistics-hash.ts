/** A kernel's statistics as a manager 1.4 stores them: nine fields, all or none. Pure. */
import type { KernelStatistics } from '@berth/wire';

/** The fields in the manager's order; all are numbers of bytes but `cpu_used`, which is milliseconds. */
export const STATISTICS_FIELDS = [
  'cpu_used',
  'mem_max_bytes',
  'mem_cur_bytes',
  'net_rx_bytes',
  'net_tx_bytes',
  'io_read_bytes',
  'io_write_bytes',
  'io_max_scratch_size',
  'io_cur_scratch_size',
] as const;

export type StatisticsField = (typeof STATISTICS_FIELDS)[number];

const NS_PER_MS = 1e6;

/** Candidates of each field, the best first. A maximum that is not known is at least what is there now. */
const CANDIDATES: Record<Exclude<StatisticsField, 'cpu_used'>, readonly (keyof KernelStatistics)[]> = {
  mem_max_bytes: ['memoryPeakBytes', 'memoryBytes'],
  mem_cur_bytes: ['memoryBytes'],
  net_rx_bytes: ['netRxBytes'],
  net_tx_bytes: ['netTxBytes'],
  io_read_bytes: ['ioReadBytes'],
  io_write_bytes: ['ioWriteBytes'],
  io_max_scratch_size: ['scratchPeakBytes', 'scratchBytes'],
  io_cur_scratch_size: ['scratchBytes'],
};

/** No manager stores more, and no number above it is exact. */
const whole = (value: number) => Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER);

const isKnown = (statistics: KernelStatistics | null): statistics is KernelStatistics =>
  statistics !== null && Object.entries(statistics).some(([name, value]) => name !== 'at' && typeof value === 'number');

/**
 * The nine fields as numbers: `cpu_used` in milliseconds with a fraction, the others whole. The manager wants all of them as soon as
 * there is one, so a missing value is the last one known (of `before`, an earlier sample), and 0 when there never was one. Null when nothing is known at all.
 */
export function toStatisticsMap(
  statistics: KernelStatistics,
  before: KernelStatistics | null = null,
): Record<StatisticsField, number> | null {
  const samples = [statistics, before].filter(isKnown);
  if (samples.length === 0) return null;
  const known = (names: readonly (keyof KernelStatistics)[]) => {
    for (const name of names) {
      for (const sample of samples) if (typeof sample[name] === 'number') return sample[name];
    }
    return 0;
  };
  const fields: Record<string, number> = { cpu_used: known(['cpuNs']) / NS_PER_MS };
  for (const [field, names] of Object.entries(CANDIDATES)) fields[field] = whole(known(names));
  return fields as Record<StatisticsField, number>;
}

/** The same as text, for a Redis hash: what is whole has neither fraction nor exponent. */
export function toStatisticsHash(
  statistics: KernelStatistics,
  before: KernelStatistics | null = null,
): Record<string, string> | null {
  const fields = toStatisticsMap(statistics, before);
  return fields && Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, String(value)]));
}
