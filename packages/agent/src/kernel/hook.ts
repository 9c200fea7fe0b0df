/**
 * Lifecycle hooks: one concern each, in the order of `hooks/index.ts`. Creation runs `acquire` from first to last; undoing
 * runs `release` from last to first.
 *
 * - `acquire` may run again after a crash, on what its earlier run left: it must find, not make twice.
 * - `release` may run although `acquire` never did, did half, or did in an earlier life of the agent. It gets only what the
 *   journal knows, so there is nothing to remember.
 * - `acquire` contributes to the draft of the container; it does not reach into other hooks.
 */
import type { ImageFacts, Mount, TmpfsMount } from '../ports/driver.js';
import type { TerminationReason } from '@berth/wire';
import type { KernelFacts } from '../model/facts.js';

/** The container as it takes shape. */
export interface KernelDraft {
  image: ImageFacts | undefined;
  readonly mounts: Mount[];
  readonly tmpfs: TmpfsMount[];
  /** Program that the container starts. */
  command: readonly string[];
  /** Environment of the user's processes: the image's, then the request's. */
  env: Readonly<Record<string, string>>;
  /** FIFOs in the run directory. */
  fifos: number;
}

export const emptyDraft = (): KernelDraft => ({ image: undefined, mounts: [], tmpfs: [], command: [], env: {}, fifos: 0 });

/** What a hook may tell while it works. */
export interface AcquireContext {
  readonly facts: KernelFacts;
  readonly draft: KernelDraft;
  readonly signal: AbortSignal;
  /** Resolves once the container id is in the journal. */
  containerMade(containerId: string): Promise<void>;
}

/** What undoing knows. */
export interface ReleaseContext {
  readonly facts: KernelFacts;
  readonly containerId: string | null;
  /** Why the kernel ends. */
  readonly end: { readonly reason: TerminationReason; readonly detail: string; readonly at: number };
}

export interface LifecycleHook {
  readonly name: string;
  acquire(context: AcquireContext): Promise<void>;
  /** Before anything is ended or undone, while programs still run: a last look. What it throws is logged and holds up nothing. */
  ending?(context: ReleaseContext): Promise<void>;
  /** Idempotent. Rejects when something may be left; it is tried again later. */
  release(context: ReleaseContext): Promise<void>;
}
