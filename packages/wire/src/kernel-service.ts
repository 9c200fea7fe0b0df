/** The one interface that every face of the agent (gateway, manager dialects) drives. The agent implements it. */
import type { FileService } from './file-service.js';
import type { Frame } from './frames.js';
import type { KernelId, RunId } from './ids.js';
import type { ServiceRequest, ServiceView, Tunnel, TunnelTarget } from './services.js';
import type { CreateKernel, Language, ProcessSignal, RunRequest, RunSignal, TerminalSize } from './spec.js';
import type { KernelStatistics } from './statistics.js';
import type { KernelEvent, KernelView, OutputEntry, ProcessView, RunView, TerminationReason } from './views.js';

/** Output of a run from some record on. Iterating yields batches of record frames (channel 0, parts of a split record in order). */
export interface RunStream extends AsyncIterable<readonly Frame[]> {
  /**
   * Confirms delivery of all records up to `seq`. It opens the flow-control window again and lets the runner forget, so call
   * it once the records are where they should be, and often enough: an unconfirmed window (default 4 MiB) stops the stream.
   */
  ack(seq: number): void;
  /** Ends the iteration; the run goes on. Safe to call twice. */
  close(): void;
}

/** Where to begin and how much may be under way. */
export interface AttachOptions {
  /** First record wanted; 1 for all that is still kept. A `gap` record stands for what is not. */
  readonly from: number;
  /** Most unconfirmed bytes; default 4 MiB. */
  readonly windowBytes?: number;
}

/** Everything that can be done with kernels on this node. Errors are of the closed list (errors.ts). */
export interface KernelService extends FileService {
  /**
   * Creates a kernel and resolves once its runner answers. Idempotent by kernel id. When `signal` aborts before that, all
   * that was made is undone and the kernel ends as `cancelled`. So it is when the creation fails; where that cannot be done yet, as while
   * the driver is away, the failure is told at once and the rest follows.
   * Errors: bad-request, session-exists, image-not-found, driver-*, create-failed, state-unwritable, cancelled.
   */
  createKernel(request: CreateKernel, signal?: AbortSignal): Promise<KernelView>;
  /** Errors: no-such-session. */
  getKernel(id: KernelId): KernelView;
  /** Living kernels; with `ended` also those that ended within the last hour (at most 100). */
  listKernels(options?: { readonly ended?: boolean }): readonly KernelView[];
  /** Counts as a sign of life of a client: the lease starts anew. */
  renewLease(id: KernelId): KernelView;
  /**
   * Ends a kernel; resolves when nothing of it is left. Idempotent; the first `reason` (default `user-requested`) stays. `graceMs`
   * (default 2,000) goes to its programs before SIGKILL.
   */
  destroyKernel(id: KernelId, options?: { readonly graceMs?: number; readonly reason?: TerminationReason }): Promise<KernelView>;
  /**
   * Ends what runs in a kernel and starts it anew as its next incarnation, with the same specification and files. Asked for twice
   * at once it happens once. Resolves once the new runner answers; its runs of before are gone. Errors: no-such-session, session-ended, create-failed (it has ended then).
   */
  restartKernel(id: KernelId): Promise<KernelView>;
  /**
   * Lets all processes of a kernel stand still where they are; they lose nothing. Idempotent. Lease and lifetime run on. Until it is
   * resumed, calls to its runner reject with `session-paused`; who is attached waits.
   * Errors: no-such-session, session-ended, driver-*, timeout; nothing has changed then.
   */
  pauseKernel(id: KernelId): Promise<KernelView>;
  /** Lets them go on. Idempotent. Errors: as {@link pauseKernel}; after an error it is tried again. */
  resumeKernel(id: KernelId): Promise<KernelView>;
  /** The newest sample, also of a kernel that ended within the last hour; null when there never was one. Errors: no-such-session. */
  statistics(id: KernelId): KernelStatistics | null;

  /** Starts a run, or finds it when the same id was started before. Errors: session-ended, run-conflict, language-missing. */
  startRun(id: KernelId, request: RunRequest): Promise<RunView>;
  /** The only call to a kernel that does not renew its lease. */
  listRuns(id: KernelId): Promise<readonly RunView[]>;
  /** Errors: no-such-session, no-such-run; while iterating: session-ended, runner-lost. Survives a lost and regained runner link. */
  attachRun(id: KernelId, runId: RunId, options: AttachOptions): Promise<RunStream>;
  /**
   * Standard input for a run, or the answer to `waiting-input`. `offset` counts the bytes sent before; what the run already
   * has is skipped, so that a repeat after a lost connection does no harm. Resolves with the offset reached.
   */
  sendInput(id: KernelId, runId: RunId, offset: number, data: Uint8Array, end: boolean): Promise<number>;
  signalRun(id: KernelId, runId: RunId, signal: RunSignal): Promise<void>;
  /**
   * What a run has left below `.output`: what is there and was changed last in its time. Read anew each time. Errors: no-such-run;
   * runner-incompatible where the supervisor does not tell when runs began.
   */
  runOutputs(id: KernelId, runId: RunId): Promise<readonly OutputEntry[]>;
  /** The user's programs in a kernel, by number. Errors: runner-incompatible where the supervisor is too old, or not ours, to tell. */
  listProcesses(id: KernelId): Promise<readonly ProcessView[]>;
  /** To one of them. Errors: no-such-process, runner-incompatible. */
  signalProcess(id: KernelId, pid: number, signal: ProcessSignal): Promise<void>;
  /** Errors: terminal-missing when the run has none. */
  resizeRun(id: KernelId, runId: RunId, size: TerminalSize): Promise<void>;
  /** Names that could complete `code` at `cursor` (in UTF-16 units) in the language's session. */
  complete(id: KernelId, language: Language, code: string, cursor: number): Promise<readonly string[]>;

  /** Services that the image declares, those that Berth knows, and those that were started. Errors: no-such-session. */
  listServices(id: KernelId): Promise<readonly ServiceView[]>;
  /**
   * Starts a service and resolves once its port accepts. Finds it when it runs already, whatever else was asked. Errors:
   * no-such-service, bad-request (an argument or variable that its definition does not allow), service-unreachable (it ended, or its port
   * did not open in time; with its last output), runner-incompatible.
   */
  startService(id: KernelId, request: ServiceRequest, signal?: AbortSignal): Promise<ServiceView>;
  /** Ends a service; resolves when its program has ended. Does nothing when it does not run. Errors: no-such-service. */
  stopService(id: KernelId, name: string): Promise<ServiceView>;
  /** Errors: no-such-service, service-unreachable, too-many-tunnels, runner-incompatible. */
  openTunnel(id: KernelId, target: TunnelTarget, signal?: AbortSignal): Promise<Tunnel>;

  /** What happens from now on; ends with the signal. */
  events(signal: AbortSignal): AsyncIterable<KernelEvent>;
}
