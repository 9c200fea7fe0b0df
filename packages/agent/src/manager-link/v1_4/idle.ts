/** A kernel that works is in use, also while nobody asks for its output; D35 of the original ended such ones. */
import { sleep, type Clock } from '@berth/base';
import type { KernelService } from '@berth/wire';
import type { ManagedKernels } from './kernels.js';
import { TERMINAL_RUN } from './terminal.js';

const EVERY_MS = 10_000;

export interface IdleOptions {
  readonly kernels: Pick<ManagedKernels, 'all'>;
  readonly service: Pick<KernelService, 'listRuns' | 'renewLease'>;
  readonly clock: Clock;
}

/** Renews the lease of kernels with a run that is not over, terminals left out: an open shell alone is no use. Until `signal` aborts. */
export async function keepBusyKernels({ kernels, service, clock }: IdleOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const mortal = kernels.all().filter(({ spec, phase }) => spec.leaseSeconds !== null && phase === 'running');
    await Promise.allSettled(
      mortal.map(async ({ kernelId }) => {
        const runs = await service.listRuns(kernelId);
        if (runs.some(({ runId, state }) => state !== 'finished' && !TERMINAL_RUN.test(runId))) service.renewLease(kernelId);
      }),
    );
    const shortest = Math.min(EVERY_MS, ...mortal.map(({ spec }) => (spec.leaseSeconds! * 1000) / 3));
    await sleep(shortest, signal, clock).catch(() => {});
  }
}
