import type { KernelId, RunId } from '@berth/wire';

/** The run that a channel belongs to. */
export interface RunTarget {
  readonly session: KernelId;
  readonly run: RunId;
}

/** What a client attaches to. */
export interface AttachTarget extends RunTarget {
  /** First record wanted. */
  readonly from: number;
}
