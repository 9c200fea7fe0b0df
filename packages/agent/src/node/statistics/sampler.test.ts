import { VirtualClock } from '@berth/base';
import type { KernelId } from '@berth/wire';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../ports/logger.js';
import type { Observation } from '../../ports/driver.js';
import type { KernelToSample, OpenFiles } from './sampled-kernel.js';
import { StatisticsSampler } from './sampler.js';
import { noCounters, type Counters } from './sources.js';

/** A container: what its files say, and how its driver and they behave. */
class FakeContainer implements OpenFiles {
  counters: Partial<Counters> = { cpuNs: 1 };
  gone = false;
  isEmpty = false;
  closed = 0;

  read(): Counters | undefined {
    return this.gone ? undefined : { ...noCounters(), ...this.counters };
  }

  close(): void {
    this.closed += 1;
  }
}

const kernel = (id: string, incarnation = 1, containerId: string | null = `${id}-${incarnation}`): KernelToSample => ({
  kernelId: id as KernelId,
  containerId,
  incarnation,
  workDirectory: `/scratch/${id}`,
});
const id = (name: string) => name as KernelId;

let clock: VirtualClock;
let kernels: KernelToSample[];
let containers: Map<string, FakeContainer>;
let inspected: string[];
let inspect: (containerId: string) => Promise<number | null>;
let sampler: StatisticsSampler;

beforeEach(() => {
  clock = new VirtualClock();
  kernels = [];
  containers = new Map();
  inspected = [];
  const pids: string[] = [];
  inspect = (containerId) => Promise.resolve(pids.push(containerId));
  sampler = new StatisticsSampler({
    kernels: () => kernels,
    driver: {
      inspect: async (containerId) => {
        inspected.push(containerId);
        return { pid: await inspect(containerId) } as Observation;
      },
    },
    clock,
    logger: silentLogger,
    open: (pid) => Promise.resolve(containers.get(pids[pid - 1]!)!),
    scratchSize: () => Promise.resolve(null),
  });
});

function live(name: string, incarnation = 1): FakeContainer {
  const made = new FakeContainer();
  containers.set(`${name}-${incarnation}`, made);
  kernels = [...kernels.filter(({ kernelId }) => kernelId !== name), kernel(name, incarnation)];
  return made;
}

/** Until `name` has a sample that `fits`. */
const seen = (name: string, cpuNs: number) =>
  vi.waitFor(() => expect(sampler.latest(id(name))?.cpuNs).toBe(cpuNs), { interval: 1 });

describe('a living kernel', () => {
  it('is sampled, and its driver is asked once', async () => {
    const container = live('k1');
    sampler.sampleNow();
    await seen('k1', 1);
    container.counters = { cpuNs: 5, memoryBytes: 7 };
    clock.advance(1000);
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 5, memoryBytes: 7, final: null, at: clock.now() });
    expect(inspected).toEqual(['k1-1']);
  });

  it('has values that never shrink where they only grow', async () => {
    const container = live('k1');
    container.counters = { cpuNs: 5, netRxBytes: 6, memoryBytes: 9, memoryPeakBytes: 9 };
    sampler.sampleNow();
    await seen('k1', 5);
    container.counters = { cpuNs: 4, netRxBytes: null, memoryBytes: 1, memoryPeakBytes: 1 };
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 5, netRxBytes: 6, memoryBytes: 1, memoryPeakBytes: 9 });
  });

  it('is asked for again, less and less often, while it has no process', async () => {
    inspect = () => Promise.resolve(null);
    live('k1');
    for (let second = 0; second < 120; second++) {
      sampler.sampleNow();
      await Promise.resolve().then(() => new Promise(setImmediate));
      clock.advance(1000);
    }
    expect(inspected.length).toBeGreaterThan(4);
    expect(inspected.length).toBeLessThan(12);
    expect(sampler.latest(id('k1'))).toBeUndefined();
  });

  it('is asked for again when its files tell nothing any more', async () => {
    const container = live('k1');
    sampler.sampleNow();
    await seen('k1', 1);
    container.gone = true;
    clock.advance(1000);
    sampler.sampleNow();
    await vi.waitFor(() => expect(inspected).toEqual(['k1-1', 'k1-1']), { interval: 1 });
    expect(container.closed).toBe(1);
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 1, final: null });
  });

  it('is not asked for before it has a container', () => {
    kernels = [kernel('k1', 1, null)];
    sampler.sampleNow();
    expect(inspected).toEqual([]);
  });

  it('delays no other one, however its driver behaves', async () => {
    const silent = (containerId: string) => containerId.startsWith('slow');
    const pidOf = inspect;
    inspect = (containerId) => (silent(containerId) ? new Promise(() => {}) : pidOf(containerId));
    for (let n = 0; n < 25; n++) live(`slow${n}`);
    live('k1');
    for (let n = 0; n < 4; n++) sampler.sampleNow();
    await seen('k1', 1);
  });
});

describe('a restarted kernel', () => {
  it('keeps what it used before', async () => {
    const first = live('k1');
    first.counters = { cpuNs: 100, memoryPeakBytes: 50 };
    sampler.sampleNow();
    await seen('k1', 100);
    const second = live('k1', 2);
    second.counters = { cpuNs: 3, memoryPeakBytes: 20 };
    sampler.sampleNow();
    await seen('k1', 103);
    expect(sampler.latest(id('k1'))).toMatchObject({ memoryPeakBytes: 50, final: null });
    expect(first.closed).toBe(1);
  });

  it('lives again after its first incarnation was marked as ended', async () => {
    live('k1').counters = { cpuNs: 100 };
    sampler.sampleNow();
    await seen('k1', 100);
    sampler.markEnded(id('k1'));
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))!.final).toBe('last-seen');
    kernels = [kernel('k1', 2, null)];
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 100, final: null });
    live('k1', 2).counters = { cpuNs: 7 };
    sampler.sampleNow();
    await seen('k1', 107);
  });
});

it('stays ended while its kernel is still listed, whatever is said of its container', async () => {
  live('k1');
  sampler.sampleNow();
  await seen('k1', 1);
  sampler.markEnded(id('k1'));
  for (const containerId of ['k1-1', null, 'another']) {
    kernels = [kernel('k1', 1, containerId)];
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 1, final: 'last-seen' });
  }
  expect(inspected).toEqual(['k1-1']);
});

describe('the last sample', () => {
  it('is read at that moment, and may still change while programs run', async () => {
    const container = live('k1');
    sampler.sampleNow();
    await seen('k1', 1);
    container.counters = { cpuNs: 9 };
    expect(await sampler.finalSample(id('k1'))).toMatchObject({ cpuNs: 9, final: 'last-seen' });
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 9, final: null });
  });

  it('is exact when no process was left', async () => {
    const container = live('k1');
    sampler.sampleNow();
    await seen('k1', 1);
    Object.assign(container, { counters: { cpuNs: 9 }, isEmpty: true });
    sampler.markEnded(id('k1'));
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 9, final: 'exact' });
    expect(container.closed).toBe(1);
  });

  it('is the one before when the container is gone, as last seen', async () => {
    const container = live('k1');
    sampler.sampleNow();
    await seen('k1', 1);
    const { at } = sampler.latest(id('k1'))!;
    container.gone = true;
    clock.advance(500);
    expect(await sampler.finalSample(id('k1'))).toMatchObject({ cpuNs: 1, at, final: 'last-seen' });
    sampler.markEnded(id('k1'));
    expect(sampler.latest(id('k1'))).toMatchObject({ cpuNs: 1, at, final: 'last-seen' });
  });

  it('is taken of a kernel that was never sampled before', async () => {
    live('k1').counters = { cpuNs: 3 };
    expect(await sampler.finalSample(id('k1'))).toMatchObject({ cpuNs: 3, final: 'last-seen' });
  });

  it('waits 200 ms for the driver at most', async () => {
    live('k1');
    inspect = () => new Promise(() => {});
    const begin = performance.now();
    expect(await sampler.finalSample(id('k1'))).toBeUndefined();
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it('is nothing for a kernel that nobody knows', async () => {
    expect(await sampler.finalSample(id('k9'))).toBeUndefined();
    sampler.markEnded(id('k9'));
  });

  it('stands when the kernel is marked again, or has left the list unmarked', async () => {
    const container = live('k1');
    sampler.sampleNow();
    await seen('k1', 1);
    kernels = [];
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))!.final).toBe('last-seen');
    container.counters = { cpuNs: 50 };
    sampler.markEnded(id('k1'));
    expect(sampler.latest(id('k1'))!.cpuNs).toBe(1);
    expect(container.closed).toBe(1);
  });
});

describe('an ended kernel', () => {
  const end = async (name: string) => {
    live(name);
    sampler.sampleNow();
    await seen(name, 1);
    kernels = kernels.filter(({ kernelId }) => kernelId !== name);
    sampler.sampleNow();
  };

  it('is remembered for an hour', async () => {
    await end('k1');
    clock.advance(3_600_000);
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))).toBeDefined();
    clock.advance(1);
    sampler.sampleNow();
    expect(sampler.latest(id('k1'))).toBeUndefined();
  });

  it('is forgotten when a hundred have ended after it', async () => {
    for (let n = 0; n <= 100; n++) await end(`k${n}`);
    expect(sampler.latest(id('k0'))).toBeUndefined();
    expect(sampler.latest(id('k1'))).toBeDefined();
  });
});

describe('sampling', () => {
  it('goes on with its interval until it is stopped, and keeps no file open', async () => {
    const container = live('k1');
    const controller = new AbortController();
    const sampling = sampler.keepSampling(controller.signal);
    await seen('k1', 1);
    container.counters = { cpuNs: 2 };
    await vi.waitFor(() => (clock.advance(1000), expect(sampler.latest(id('k1'))!.cpuNs).toBe(2)));
    controller.abort();
    await sampling;
    expect(container.closed).toBeGreaterThan(0);
    expect(clock.pending).toBe(0);
  });

  it('closes files that come after the end of their kernel', async () => {
    const container = live('k1');
    let answer: (pid: number) => void = () => {};
    const pidOf = inspect;
    inspect = async (containerId) => {
      const pid = await pidOf(containerId);
      await new Promise<number>((resolve) => (answer = resolve));
      return pid;
    };
    sampler.sampleNow();
    await vi.waitFor(() => expect(inspected).toHaveLength(1));
    sampler.markEnded(id('k1'));
    answer(1);
    await vi.waitFor(() => expect(container.closed).toBe(1), { interval: 1 });
  });
});

describe('scratch directories', () => {
  it('are walked one at a time, each again ten seconds later, a large one later still', async () => {
    const walked: string[] = [];
    let running = 0;
    const controller = new AbortController();
    sampler = new StatisticsSampler({
      kernels: () => kernels,
      driver: { inspect: () => Promise.resolve({ pid: 1 } as Observation) },
      clock,
      logger: silentLogger,
      open: () => Promise.resolve(new FakeContainer()),
      scratchSize: async (directory) => {
        expect(++running).toBe(1);
        walked.push(directory);
        await new Promise(setImmediate);
        running -= 1;
        return directory === '/scratch/large' ? null : 4096;
      },
    });
    kernels = [kernel('small'), kernel('large')];
    const sampling = sampler.keepSampling(controller.signal);
    for (let second = 0; second < 61; second++) {
      for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate);
      clock.advance(1000);
    }
    controller.abort();
    await sampling;
    const times = (directory: string) => walked.filter((path) => path === directory).length;
    expect(times('/scratch/large')).toBe(1);
    expect(times('/scratch/small')).toBeGreaterThanOrEqual(5);
    expect(times('/scratch/small')).toBeLessThanOrEqual(7);
    expect(sampler.latest(id('small'))).toMatchObject({ scratchBytes: 4096, scratchPeakBytes: 4096 });
    expect(sampler.latest(id('large'))).toMatchObject({ scratchBytes: null });
  });
});
