/** A kernel that works is in use, also while nobody asks for its output; D35 of the original ended such ones. */
import { sleep, type Clock } from '@berth/base';
import type { KernelId, KernelService, KernelView } from '@berth/wire';
import type { ManagedKernels } from './kernels.js';
import { TERMINAL_RUN } from './terminal.js';

/** A kernel is asked this often, milliseconds; more often when its lease is short. */
const ASK_MS = 10_000;
/** Kernels are looked at this often: one that was made just now may have a lease of a few seconds. */
const LOOK_MS = 500;

export interface IdleOptions {
  readonly kernels: Pick<ManagedKernels, 'all'>;
  readonly service: Pick<KernelService, 'listRuns' | 'renewLease'>;
  readonly clock: Clock;
}

/** Renews the lease of kernels with a run that is not over, terminals left out: an open shell alone is no use. Until `signal` aborts. */
export async function keepBusyKernels({ kernels, service, clock }: IdleOptions, signal: AbortSignal): Promise<void> {
  /** When each kernel is asked again, monotonic. */
  const askAt = new Map<KernelId, number>();
  const ask = async ({ kernelId, spec }: KernelView) => {
    // One whose runner cannot be reached answers late, and must hold up no other.
    askAt.set(kernelId, Infinity);
    try {
      const runs = await service.listRuns(kernelId);
      if (runs.some(({ runId, state }) => state !== 'finished' && !TERMINAL_RUN.test(runId))) service.renewLease(kernelId);
    } catch {
      // It is over, or is asked again.
    }
    askAt.set(kernelId, clock.monotonic() + Math.min(ASK_MS, (spec.leaseSeconds! * 1000) / 3));
  };
  while (!signal.aborted) {
    const mortal = kernels.all().filter(({ spec, phase }) => spec.leaseSeconds !== null && phase === 'running');
    for (const kernelId of [...askAt.keys()]) if (!mortal.some((view) => view.kernelId === kernelId)) askAt.delete(kernelId);
    for (const view of mortal) if ((askAt.get(view.kernelId) ?? 0) <= clock.monotonic()) void ask(view);
    await sleep(LOOK_MS, signal, clock).catch(() => {});
  }
}
