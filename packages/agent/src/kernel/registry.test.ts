import type { KernelEvent, KernelId, KernelView } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { someFacts, T0 } from '../../testing/model.js';
import { newKernel, viewOf } from '../model/kernel-state.js';
import { KernelRegistry } from './registry.js';

function view(id: string, change: Partial<KernelView> = {}): KernelView {
  return { ...viewOf(newKernel(someFacts({}, { kernelId: id as KernelId }), T0)), ...change };
}
const endedAt = (id: string, at: number): KernelView => view(id, { phase: 'terminated', endedAt: at });

async function drained(events: AsyncIterable<KernelEvent>): Promise<KernelEvent[]> {
  const seen: KernelEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('the memory of ended kernels', () => {
  it('holds the last hundred', () => {
    const registry = new KernelRegistry(() => T0);
    for (let i = 1; i <= 101; i++) registry.retire(endedAt(`k${i}`, T0));
    expect(registry.views({ ended: true })).toHaveLength(100);
    expect(() => registry.view('k1' as KernelId)).toThrow('there is no session k1');
    expect(registry.view('k101' as KernelId).phase).toBe('terminated');
  });

  it('shows those of the last hour', () => {
    let now = T0;
    const registry = new KernelRegistry(() => now);
    registry.retire(endedAt('old', T0));
    registry.retire(endedAt('new', T0 + 1));
    now = T0 + 3600_000 + 1;
    expect(registry.views({ ended: true }).map(({ kernelId }) => kernelId)).toEqual(['new']);
    expect(registry.views({ ended: false })).toEqual([]);
  });
});

describe('events', () => {
  it('are told from the call on, to each who asked, until the signal', async () => {
    const registry = new KernelRegistry(() => T0);
    const stop = new AbortController();
    registry.announce(view('k0'), view('k0', { phase: 'starting' }));
    const watchers = [registry.events(stop.signal), registry.events(stop.signal)];
    registry.announce(view('k1'), view('k1', { phase: 'running', reachable: true }));
    stop.abort();
    registry.announce(view('k2'), view('k2', { phase: 'starting' }));
    const common = { at: T0, kernelId: 'k1', incarnation: 1 };
    for (const watcher of watchers) {
      expect(await drained(watcher)).toEqual([
        { ...common, cursor: 2, type: 'kernel-phase', phase: 'running', reason: null },
        { ...common, cursor: 3, type: 'kernel-reachable', reachable: true },
      ]);
    }
  });

  it('end at once under a signal that has aborted', async () => {
    const registry = new KernelRegistry(() => T0);
    expect(await drained(registry.events(AbortSignal.abort()))).toEqual([]);
  });
});
