/** Adds up what a kernel used over its incarnations. Pure. What only grows never shrinks here, whatever a file says. */
import type { KernelStatistics } from '@berth/wire';
import type { Counters } from './sources.js';

/** What only grows. */
type Growing = Pick<Counters, 'cpuNs' | 'netRxBytes' | 'netTxBytes' | 'ioReadBytes' | 'ioWriteBytes'>;

export interface Tally {
  /** When it was last read, milliseconds since the epoch; null before. */
  readonly at: number | null;
  /** What ended incarnations used; a new container counts from zero. */
  readonly earlier: Growing;
  /** What the present one used so far. */
  readonly present: Growing;
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly scratchBytes: number | null;
  readonly scratchPeakBytes: number | null;
}

const NOTHING: Growing = { cpuNs: null, netRxBytes: null, netTxBytes: null, ioReadBytes: null, ioWriteBytes: null };

export const emptyTally: Tally = {
  at: null,
  earlier: NOTHING,
  present: NOTHING,
  memoryBytes: null,
  memoryPeakBytes: null,
  scratchBytes: null,
  scratchPeakBytes: null,
};

const larger = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));
const added = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : a + b);

/** `a` and `b` joined field by field. */
function join(a: Growing, b: Growing, how: (a: number | null, b: number | null) => number | null): Growing {
  return {
    cpuNs: how(a.cpuNs, b.cpuNs),
    netRxBytes: how(a.netRxBytes, b.netRxBytes),
    netTxBytes: how(a.netTxBytes, b.netTxBytes),
    ioReadBytes: how(a.ioReadBytes, b.ioReadBytes),
    ioWriteBytes: how(a.ioWriteBytes, b.ioWriteBytes),
  };
}

/** After a look at the files. */
export function withCounters(tally: Tally, counters: Counters, at: number): Tally {
  return {
    ...tally,
    at,
    present: join(tally.present, counters, larger),
    memoryBytes: counters.memoryBytes,
    memoryPeakBytes: larger(tally.memoryPeakBytes, counters.memoryPeakBytes),
  };
}

/** After a look at the scratch directory; null when it was too large to look at. */
export function withScratch(tally: Tally, bytes: number | null): Tally {
  return { ...tally, scratchBytes: bytes, scratchPeakBytes: larger(tally.scratchPeakBytes, bytes) };
}

/** Another container takes over. */
export function nextIncarnation(tally: Tally): Tally {
  return { ...tally, earlier: join(tally.earlier, tally.present, added), present: NOTHING };
}

/** Undefined when nothing was ever read. */
export function toStatistics(tally: Tally, final: KernelStatistics['final']): KernelStatistics | undefined {
  const { at, memoryBytes, memoryPeakBytes, scratchBytes, scratchPeakBytes } = tally;
  if (at === null) return undefined;
  return {
    at,
    final,
    memoryBytes,
    memoryPeakBytes,
    scratchBytes,
    scratchPeakBytes,
    ...join(tally.earlier, tally.present, added),
  };
}
