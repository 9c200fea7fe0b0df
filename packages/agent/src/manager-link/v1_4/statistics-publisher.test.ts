import type { KernelId, KernelStatistics, KernelView } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import type { StatisticsStore } from '../../ports/statistics-store.js';
import { StatisticsPublisher } from './statistics-publisher.js';

const sample = (change: Partial<KernelStatistics>): KernelStatistics => ({
  at: 1,
  final: null,
  cpuNs: 1e6,
  memoryBytes: 2,
  memoryPeakBytes: 3,
  netRxBytes: 4,
  netTxBytes: 5,
  ioReadBytes: 6,
  ioWriteBytes: 7,
  scratchBytes: 8,
  scratchPeakBytes: 9,
  ...change,
});
const kernels = (...ids: string[]) => ({ all: () => ids.map((id) => ({ kernelId: id as KernelId }) as KernelView) });

function publisher(broken: readonly string[] = []) {
  const written: [key: string, fields: Readonly<Record<string, string>>, expire: number][] = [];
  const moves: unknown[] = [];
  const store: StatisticsStore = {
    async write(key, fields, expire) {
      if (broken.includes(key)) throw new Error('Redis is away');
      written.push([key, fields, expire]);
    },
    moveTo: (address) => void moves.push(address),
    state: () => ({ ok: true, detail: '' }),
    close: async () => void moves.push('closed'),
  };
  const opened: unknown[] = [];
  const it = new StatisticsPublisher((address) => (opened.push(address), store));
  return { it, written, moves, opened };
}

describe('statistics for the manager', () => {
  it('go nowhere until somebody says where, and then move along', async () => {
    const { it, written, moves, opened } = publisher();
    await it.publish('a' as KernelId, sample({}));
    it.moveTo({ host: 'h', port: 1 });
    it.moveTo({ host: 'h', port: 2 });
    await it.publish('a' as KernelId, sample({}));
    expect([written.length, opened, moves]).toEqual([1, [{ host: 'h', port: 1 }], [{ host: 'h', port: 2 }]]);
  });

  it('are all nine fields, which are gone after 30 s', async () => {
    const { it, written } = publisher();
    it.moveTo({ host: 'h', port: 1 });
    await it.publish('a' as KernelId, sample({}));
    expect([Object.keys(written[0]![1]).length, written[0]![2]]).toEqual([9, 30]);
  });

  it('of a kernel that cannot be written spoil no other, nor the next round (D11)', async () => {
    const { it, written } = publisher(['a']);
    it.moveTo({ host: 'h', port: 1 });
    const service = { statistics: () => sample({}) };
    await it.publishAll(kernels('a', 'b'), service);
    await it.publishAll(kernels('a', 'b'), service);
    expect(written.map(([key]) => key)).toEqual(['b', 'b']);
  });

  it('that miss a value have the one of before', async () => {
    const { it, written } = publisher();
    it.moveTo({ host: 'h', port: 1 });
    await it.publish('a' as KernelId, sample({ netRxBytes: 44 }));
    await it.publish('a' as KernelId, sample({ netRxBytes: null }));
    expect(written[1]![1]['net_rx_bytes']).toBe('44');
  });

  it('of which there are none are not written', async () => {
    const { it, written } = publisher();
    it.moveTo({ host: 'h', port: 1 });
    await it.publishAll(kernels('a'), { statistics: () => null });
    expect(written).toEqual([]);
  });
});
