/** What a kernel's journal says. Replaying the entries gives the kernel's state up to what only the driver knows. */
import type { TerminationReason } from '@berth/wire';
import type { KernelFacts } from './facts.js';

export type JournalEntry =
  /** The intent, before anything is made. Always the first entry. */
  | { readonly type: 'create'; readonly facts: KernelFacts }
  | { readonly type: 'container'; readonly containerId: string }
  /** The runner answered for the first time. `at` counts for the lifetime. */
  | { readonly type: 'ready'; readonly at: number }
  /** Another incarnation begins: what ran is over, the files stay. The container of before is removed when the new one is made. */
  | { readonly type: 'restart'; readonly incarnation: number; readonly token: string; readonly at: number }
  /** Its processes are to stand still, or to go on. A restart forgets it. */
  | { readonly type: 'pause'; readonly paused: boolean; readonly at: number }
  /** The kernel is to end, or was found ended; the first reason wins. */
  | {
      readonly type: 'stop';
      readonly reason: TerminationReason;
      readonly detail: string;
      readonly graceMs: number;
      readonly at: number;
    };

/** Entries whose loss would orphan something or change a reason are synced to disk before the next step. */
export const needsSync = (entry: JournalEntry): boolean => entry.type !== 'ready';
