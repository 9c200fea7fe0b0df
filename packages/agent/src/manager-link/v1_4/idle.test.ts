import { VirtualClock } from '@berth/base';
import { completeKernelSpec, type KernelId, type KernelView, type RunId, type RunView } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { keepBusyKernels } from './idle.js';

const run = (runId: string, state: RunView['state']) => ({ runId: runId as RunId, state }) as RunView;
const kernel = (id: string, leaseSeconds: number | null, phase: KernelView['phase'] = 'running') =>
  ({ kernelId: id as KernelId, phase, spec: completeKernelSpec({ image: 'i', leaseSeconds }) }) as KernelView;

/** Which kernels were renewed in the first look. */
async function renewed(all: readonly KernelView[], runs: Readonly<Record<string, readonly RunView[]>>): Promise<string[]> {
  const stop = new AbortController();
  const found: string[] = [];
  const listRuns = (id: KernelId) =>
    runs[id] ? Promise.resolve(runs[id]) : Promise.reject(new Error('the runner cannot be reached'));
  const renewLease = (id: KernelId) => (found.push(id), all[0]!);
  const kept = keepBusyKernels(
    { kernels: { all: () => all }, service: { listRuns, renewLease }, clock: new VirtualClock() },
    stop.signal,
  );
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await kept;
  return found;
}

describe('a kernel is in use', () => {
  it.each([
    ['while a run goes on that nobody asks about', [run('exec.1.a', 'running')], true],
    ['while a run waits for its turn', [run('exec.1.a', 'queued')], true],
    ['no more when its runs are over', [run('exec.1.a', 'finished')], false],
    ['not for a shell that is only open', [run('terminal-1', 'running')], false],
    ['not when nothing was ever run', [], false],
  ])('%s', async (_, runs, inUse) => {
    expect(await renewed([kernel('a', 600)], { a: runs })).toEqual(inUse ? ['a'] : []);
  });

  it('however another one is: one that cannot be asked holds up nobody', async () => {
    const busy = [run('exec.1.a', 'running')];
    expect(await renewed([kernel('a', 600), kernel('b', 600)], { b: busy })).toEqual(['b']);
  });

  it('also one that was made after a look, in time for a short lease', async () => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    const all: KernelView[] = [];
    let asked = 0;
    const listRuns = () => Promise.resolve([run('exec.1.a', 'running')]);
    const service = { listRuns, renewLease: () => ((asked += 1), all[0]!) };
    const kept = keepBusyKernels({ kernels: { all: () => all }, service, clock }, stop.signal);
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    all.push(kernel('a', 3));
    for (let ms = 0; ms < 3000; ms += 100) {
      clock.advance(100);
      await settled();
    }
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(asked).toBeLessThanOrEqual(3);
    stop.abort();
    await kept;
  });

  it('and is not asked when it never ends for idleness, or is over', async () => {
    const busy = [run('exec.1.a', 'running')];
    expect(await renewed([kernel('a', null), kernel('b', 600, 'stopping')], { a: busy, b: busy })).toEqual([]);
  });
});
