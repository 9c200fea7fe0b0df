/** What is decided about a kernel when it is asked for, and written to its journal before anything is made. */
import type { KernelId, KernelSpec, SessionId } from '@berth/wire';

/** Enough to find, drive and undo all that was made for a kernel, after a crash too. Never changes within an incarnation. */
export interface KernelFacts {
  readonly kernelId: KernelId;
  readonly sessionId: SessionId;
  /** 1 for the first start. */
  readonly incarnation: number;
  readonly spec: KernelSpec;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Uid and gid of the user's processes and files. */
  readonly uid: number;
  readonly gid: number;
  /** Secret between agent and runner of this incarnation. */
  readonly token: string;
  /** Content id of the carry that is mounted. */
  readonly carryId: string;
}

/** Name of the container: derived, so that an intent without a container id is found after a crash. */
export const containerName = (facts: Pick<KernelFacts, 'kernelId' | 'incarnation'>): string =>
  `berth-${facts.kernelId}-${facts.incarnation}`;
