import fc from 'fast-check';
import type { KernelStatistics } from '@berth/wire';
import { expect, it } from 'vitest';
import { STATISTICS_FIELDS, toStatisticsHash, toStatisticsMap } from './statistics-hash.js';

const FULL: KernelStatistics = {
  at: 1_700_000_000_000,
  final: null,
  cpuNs: 1_234_567_890,
  memoryBytes: 2,
  memoryPeakBytes: 3,
  netRxBytes: 4,
  netTxBytes: 5,
  ioReadBytes: 6,
  ioWriteBytes: 7,
  scratchBytes: 8,
  scratchPeakBytes: 9,
};
const NONE: KernelStatistics = {
  ...{ at: 1, final: null, cpuNs: null, memoryBytes: null, memoryPeakBytes: null, netRxBytes: null, netTxBytes: null },
  ...{ ioReadBytes: null, ioWriteBytes: null, scratchBytes: null, scratchPeakBytes: null },
};

it('has the nine fields in the units of the manager', () => {
  expect(toStatisticsHash(FULL)).toEqual({
    cpu_used: '1234.56789',
    mem_max_bytes: '3',
    mem_cur_bytes: '2',
    net_rx_bytes: '4',
    net_tx_bytes: '5',
    io_read_bytes: '6',
    io_write_bytes: '7',
    io_max_scratch_size: '9',
    io_cur_scratch_size: '8',
  });
});

it('has the same fields as numbers', () => {
  const map = toStatisticsMap(FULL)!;
  expect(Object.keys(map)).toEqual([...STATISTICS_FIELDS]);
  expect(map).toMatchObject({ cpu_used: 1234.56789, mem_max_bytes: 3 });
});

it('is nothing when nothing is known', () => {
  expect(toStatisticsHash(NONE)).toBeNull();
  expect(toStatisticsHash(NONE, NONE)).toBeNull();
});

it('takes the last value known for a missing one, and 0 when there never was one', () => {
  const now = { ...NONE, cpuNs: 5e6 };
  const before = { ...NONE, cpuNs: 1e6, memoryBytes: 7, scratchBytes: 8 };
  expect(toStatisticsMap(now, before)).toMatchObject({ cpu_used: 5, mem_cur_bytes: 7, io_cur_scratch_size: 8, net_rx_bytes: 0 });
  expect(toStatisticsMap(NONE, before)).toMatchObject({ cpu_used: 1 });
});

it('takes what is used now for a maximum that the machine does not tell', () => {
  expect(toStatisticsMap({ ...FULL, memoryPeakBytes: null })).toMatchObject({ mem_max_bytes: 2 });
});

it('has every field, whole where the manager reads whole numbers, whatever was counted', () => {
  const value = fc.option(fc.oneof(fc.nat(), fc.double({ min: 0, max: 2 ** 70, noNaN: true })), { nil: null });
  const sample = fc.record(
    Object.fromEntries(Object.keys(NONE).map((name) => [name, value])),
  ) as unknown as fc.Arbitrary<KernelStatistics>;
  fc.assert(
    fc.property(sample, fc.option(sample, { nil: null }), (now, before) => {
      const hash = toStatisticsHash({ ...now, at: 1, final: null }, before && { ...before, at: 1, final: null });
      if (hash === null) return;
      expect(Object.keys(hash)).toEqual([...STATISTICS_FIELDS]);
      const { cpu_used, ...others } = hash;
      expect(Number(cpu_used)).toBeGreaterThanOrEqual(0);
      for (const text of Object.values(others)) expect(text).toMatch(/^\d+$/);
    }),
  );
});
