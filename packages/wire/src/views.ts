/** What callers see of kernels, runs and the node; events. */
import type { KernelId, RunId, SessionId } from './ids.js';
import type { Finished } from './records.js';
import type { KernelSpec, ServiceMark, TerminalSize } from './spec.js';

/** Phases of a kernel, in their only order; a kernel may skip phases but never goes back (docs/lifecycle.md). */
export const KERNEL_PHASES = ['preparing', 'starting', 'running', 'stopping', 'terminated'] as const;
export type KernelPhase = (typeof KERNEL_PHASES)[number];

/**
 * Why a kernel ended. The first true reason wins.
 *
 * - `user-requested`; `lease-expired` (no client for too long); `lifetime` (its time is over); `node-shutdown`
 * - `exec-timeout` (one run took longer than its image allows, seed spec 8.9); `reset` (the manager ended all kernels)
 * - `create-failed`, `cancelled` (the caller went away while it was made)
 * - `runner-lost` (the supervisor inside died); `container-lost` (removed behind our back)
 * - `dead-man` (no agent came back in time); `host-reboot`; `oom` (the memory limit killed the supervisor itself)
 */
export const TERMINATION_REASONS = [
  'user-requested',
  'lease-expired',
  'lifetime',
  'exec-timeout',
  'reset',
  'node-shutdown',
  'create-failed',
  'cancelled',
  'runner-lost',
  'container-lost',
  'dead-man',
  'host-reboot',
  'oom',
] as const;
export type TerminationReason = (typeof TERMINATION_REASONS)[number];

/** A kernel as callers see it. */
export interface KernelView {
  readonly kernelId: KernelId;
  readonly sessionId: SessionId;
  /** 1 for the first start; a restart adds one. */
  readonly incarnation: number;
  /** Id that the driver gave the container of this incarnation; null before. */
  readonly containerId: string | null;
  readonly phase: KernelPhase;
  /** False while the agent cannot see the container or speak to the runner: nothing is known to be wrong. */
  readonly reachable: boolean;
  /** True while its processes stand still. */
  readonly paused: boolean;
  readonly spec: KernelSpec;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly reason: TerminationReason | null;
  /** One line for a person about the end; empty otherwise. */
  readonly detail: string;
}

export const RUN_STATES = ['queued', 'running', 'finished'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** A run as the runner reports it. */
export interface RunView {
  readonly runId: RunId;
  readonly mode: 'query' | 'batch';
  readonly state: RunState;
  /** Lowest record number still kept; records below it were delivered or dropped. */
  readonly lowest: number;
  /** Highest record number so far; 0 when there is none. */
  readonly highest: number;
  /** Highest record number that a consumer confirmed. */
  readonly acknowledged: number;
  readonly finished: Finished | null;
  /** Milliseconds since the epoch; null before. Absent where the supervisor does not tell. */
  readonly startedAt?: number | null;
  readonly endedAt?: number | null;
  /** Of a run in a terminal: its size now, and how many bytes were typed, which is where the next who types goes on. */
  readonly terminal?: TerminalView;
  /** Of a run that is a service. */
  readonly service?: ServiceMark;
}

export interface TerminalView extends TerminalSize {
  readonly inputBytes: number;
}

/** A file that a run has left below `.output`, and is still there. */
export interface OutputEntry {
  /** Relative to `.output`. */
  readonly name: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** By the name's ending. */
  readonly contentType: string;
  /** False: it was being written while it was read, and is like this no longer. */
  readonly steady: boolean;
  /** Where else it is; null: in the session only. */
  readonly url: string | null;
}

/** A process of a user's program, as the supervisor sees it in /proc. */
export interface ProcessView {
  /** In the supervisor's namespace. In an ordinary user's sandbox programs know themselves by other numbers. */
  readonly pid: number;
  readonly parent: number;
  /** Null for a language process between two runs, and for what runs have left in the background. */
  readonly runId: RunId | null;
  /** User id, as inside. */
  readonly user: number;
  /** Command line, at most 256 characters; the program can write there what it likes. */
  readonly command: string;
  /** CPU time in milliseconds, in steps of 10, of it and of the children that it has waited for. */
  readonly cpuMs: number;
  /** Resident. */
  readonly memoryBytes: number;
}

/** What changed. `cursor` counts events of this node process. */
export type KernelEvent = {
  readonly cursor: number;
  readonly at: number;
  readonly kernelId: KernelId;
  readonly incarnation: number;
} & (
  | { readonly type: 'kernel-phase'; readonly phase: KernelPhase; readonly reason: TerminationReason | null }
  | { readonly type: 'kernel-reachable'; readonly reachable: boolean }
  | { readonly type: 'kernel-paused'; readonly paused: boolean }
);

/** A service that the node needs beside its driver: under a manager `etcd`, `redis`, `manager`. */
export interface LinkView {
  readonly name: string;
  readonly ok: boolean;
  /** Why it cannot be used; empty when it can. */
  readonly detail: string;
}

/** The node itself. */
export interface NodeView {
  readonly running: true;
  readonly pid: number;
  readonly version: string;
  readonly endpoint: string;
  readonly driver: string;
  /** Why this driver was taken: a clause for people, which follows the word `as`. */
  readonly driverReason: string;
  /** `none`: code of sessions is kept from nothing on this machine. */
  readonly isolation: 'sandboxed' | 'none';
  /** Limits of sessions that cannot be held here, a sentence each. */
  readonly missing: readonly string[];
  readonly driverState: 'ok' | 'unreachable';
  /** Why the driver cannot be used; empty when it can. */
  readonly driverDetail: string;
  /** Empty for a node of its own. */
  readonly links: readonly LinkView[];
  readonly dataDir: string;
  readonly sessions: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** True for a node that ends by itself after its last session. */
  readonly ephemeral: boolean;
}

/** One entry of a directory of the scratch. */
export interface FileEntry {
  /** Path relative to /home/work. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** Type and permission bits, as `stat` gives them. */
  readonly mode: number;
  /** Milliseconds since the epoch. */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly atimeMs: number;
}
