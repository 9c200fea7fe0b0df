import type { KernelId, KernelStatistics } from '@berth/wire';
import type { LifecycleHook } from '../hook.js';

/** What the hook needs of the sampler. */
export interface LastSamples {
  finalSample(kernelId: KernelId): Promise<KernelStatistics | undefined>;
  markEnded(kernelId: KernelId): void;
}

/**
 * The last sample of a kernel. Last in the list of hooks: released first, while the container is still there. Of one that died by itself
 * the sample of at most an interval before stands.
 */
export function statisticsHook(sampler: LastSamples): LifecycleHook {
  return {
    name: 'statistics',
    acquire: () => Promise.resolve(),
    async ending({ facts }) {
      await sampler.finalSample(facts.kernelId);
    },
    release({ facts }) {
      sampler.markEnded(facts.kernelId);
      return Promise.resolve();
    },
  };
}
