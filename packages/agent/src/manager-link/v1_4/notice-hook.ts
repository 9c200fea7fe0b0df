/** Writes down that a kernel of this manager ends, before the kernel's own journal goes. */
import type { KernelId, KernelSpec, KernelStatistics, TerminationReason } from '@berth/wire';
import type { NoticeStore } from './notice-store.js';
import { notesOf } from './notes.js';
import { REASONS } from './reasons.js';

/** What of a kernel's release counts here; the agent's `ReleaseContext` has more. */
interface Ending {
  readonly facts: { readonly kernelId: KernelId; readonly spec: KernelSpec };
  readonly end: { readonly reason: TerminationReason; readonly at: number };
}

/**
 * A lifecycle hook for the first place in the list, so that it is released last. `statistics` gives the last sample. A full disk must
 * not keep a kernel from ending: then the notice is lost with the next death of the agent, which is told.
 */
export function noticeHook(notices: NoticeStore, statistics: (id: KernelId) => KernelStatistics | null) {
  return {
    name: 'notice',
    async acquire(): Promise<void> {},
    async release({ facts: { kernelId, spec }, end }: Ending): Promise<void> {
      if (!notesOf(spec)) return;
      await notices.keep({ kernelId, reason: REASONS[end.reason], statistics: statistics(kernelId), at: end.at });
    },
  };
}
