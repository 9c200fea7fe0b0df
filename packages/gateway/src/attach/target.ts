import type { KernelId, RunId } from '@berth/wire';

/** What a client attaches to. */
export interface AttachTarget {
  readonly session: KernelId;
  readonly run: RunId;
  /** First record wanted. */
  readonly from: number;
}
