/** What execute is given by whoever puts the dialect together. */
import { systemClock, type Clock } from '@berth/base';
import type { KernelId, KernelService, KernelView, TerminalSize } from '@berth/wire';
import { silentLogger, type Logger } from '../../../ports/logger.js';
import type { QueueStore } from './queue-store.js';
import { CHUNK_LIMITS, type ChunkLimits } from './chunk.js';

/** A terminal of a kernel, for the queries `%resize` and `%ping` (seed spec 8.10). */
export interface TerminalHooks {
  resize(size: TerminalSize): Promise<void> | void;
  ping(): Promise<void> | void;
}

/** Files below `.output`, by their path relative to it. */
export type OutputScan = ReadonlyMap<string, { readonly mtimeMs: number; readonly size: number }>;

/** All in milliseconds. */
export interface ExecuteTimes {
  /** From the beginning of a call to its answer `continued` (seed spec 9.4). */
  readonly flushMs: number;
  /** A run that nobody has asked for in that time, while another waits for its end, is interrupted (D31). */
  readonly abandonedMs: number;
  /** And killed after that time, as it has not ended. */
  readonly killAfterMs: number;
  /** How often the runner is asked whether a run has ended for which another waits. */
  readonly watchMs: number;
  /** Without a call for so long, a run's output is no longer read ahead. */
  readonly idleMs: number;
  /** How long a call waits to hear what became of the answer before it. */
  readonly settleMs: number;
  /** How long the answer `exec-timeout` waits to be fetched, before the kernel is ended nevertheless. */
  readonly fetchMs: number;
  /** A run that has not ended so long after its limit is taken to be over; its kernel will be ended. */
  readonly overdueMs: number;
}

export const EXECUTE_TIMES: ExecuteTimes = {
  flushMs: 2000,
  abandonedMs: 60_000,
  killAfterMs: 5000,
  watchMs: 500,
  idleMs: 60_000,
  settleMs: 500,
  fetchMs: 10_000,
  overdueMs: 5000,
};

export interface ExecutorOptions {
  readonly service: KernelService;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly times?: Partial<ExecuteTimes>;
  readonly limits?: Partial<ChunkLimits>;
  /** A kernel is asked for that is not here: the manager has to be told so (`kernel_terminated`). */
  readonly unknownKernel: (kernelId: string) => void;
  /** A run took longer than its image allows: the kernel is to be destroyed, with the reason `exec-timeout` (D29). */
  readonly execTimeout: (kernelId: KernelId) => void;
  /** The terminal of a kernel; undefined for a kernel without one, where `%resize` is code like any other. */
  readonly terminalOf?: (kernel: KernelView) => TerminalHooks | undefined;
  /** Keeps the runs that wait over the end of the agent. Absent: they are forgotten then. */
  readonly queue?: QueueStore;
  /** What is below `.output` now. Absent: results tell of no files. */
  readonly scanOutput?: (kernelId: KernelId) => Promise<OutputScan>;
  /**
   * Puts a file of `.output` where its user can fetch it; gives the address, undefined where there is no room. Called for all files of a run at
   * once. Absent: `#dummy-upload`, as without an object store.
   */
  readonly upload?: (kernelId: KernelId, name: string) => Promise<string | undefined>;
}

/** The same, with all that was left out. */
export interface ExecuteParts extends Omit<ExecutorOptions, 'clock' | 'logger' | 'times' | 'limits'> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly times: ExecuteTimes;
  readonly limits: ChunkLimits;
}

export const complete = (options: ExecutorOptions): ExecuteParts => ({
  ...options,
  clock: options.clock ?? systemClock,
  logger: options.logger ?? silentLogger,
  times: { ...EXECUTE_TIMES, ...options.times },
  limits: { ...CHUNK_LIMITS, ...options.limits },
});
