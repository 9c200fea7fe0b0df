import type { KernelId } from '@berth/wire';
import { expect, it } from 'vitest';
import type { KernelFacts } from '../../model/facts.js';
import type { ReleaseContext } from '../hook.js';
import { statisticsHook } from './statistics.js';

const context: ReleaseContext = {
  facts: { kernelId: 'k1' as KernelId } as KernelFacts,
  containerId: 'c1',
  end: { reason: 'user-requested', detail: '', at: 1 },
};

it('looks once more before the end, and marks the end when the kernel is released', async () => {
  const calls: string[] = [];
  const hook = statisticsHook({
    finalSample: (id) => Promise.resolve(void calls.push(`sample ${id}`)),
    markEnded: (id) => void calls.push(`end ${id}`),
  });
  await hook.ending!(context);
  await hook.release(context);
  await hook.release(context);
  expect(calls).toEqual(['sample k1', 'end k1', 'end k1']);
});
