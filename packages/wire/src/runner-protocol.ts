/**
 * Messages of the runner link (docs/runner-protocol.md). The runner listens on one Unix socket; the agent connects. Types
 * only, plus the constants both ends share.
 */
import type { ErrorBody } from './errors.js';
import type { RunId } from './ids.js';
import type { Language, ProcessSignal, RunRequest, RunSignal, TerminalSize } from './spec.js';
import type { ProcessView, RunView } from './views.js';

/** Versions of the protocol that this build speaks. Version N and N-1 are kept. */
export const RUNNER_PROTOCOL = { min: 1, max: 2 } as const;

/** The version that brought `connect` and `definition`. A kernel whose runner is older has no services. */
export const SERVICES_SINCE = 2;
/** Most bytes of a tunnel, in each direction, that are under way and not passed on. */
export const TUNNEL_WINDOW_BYTES = 256 * 1024;
/** Most bytes in one `data` frame, so that tunnels and runs take turns. */
export const TUNNEL_FRAME_BYTES = 64 * 1024;
/** Most tunnels of one kernel at once. */
export const MOST_TUNNELS = 64;
/** Largest definition of a service that is read from an image. */
export const MAX_DEFINITION_BYTES = 64 * 1024;

/** Where things are inside a kernel. */
export const IN_KERNEL = {
  /** Root-only tmpfs (0700): hides the run directory from user code. */
  private: '/berth',
  /** The host's `run/` directory: socket, spill files, FIFOs, exit note. */
  run: '/berth/run',
  socket: '/berth/run/runner.sock',
  /** The runner writes its reason here before it ends by itself: JSON {@link ExitNote}. */
  exitNote: '/berth/run/exit.json',
  /** Where the driver is an ordinary user's: what the runner needs to make namespaces for its programs. */
  inner: '/berth/inner',
  /** The carry, read-only, readable by all. */
  carry: '/opt/berth',
  work: '/home/work',
} as const;

/** How the runner puts a program into namespaces of its own: a JSON file of the driver, named by `--inner`. All are parts of a command line. */
export interface InnerNamespaces {
  /** Program that makes the namespaces, with its options; `--setenv NAME VALUE`, `--` and the program follow. */
  readonly command: readonly string[];
  /** Option that makes the program itself the first process inside, where it can take care of the others. */
  readonly first: string;
  /** Goes before the program, inside: sets what limits a process has. */
  readonly limits: readonly string[];
}

/** First frame after connecting, from the runner. */
export interface Hello {
  readonly min: number;
  readonly max: number;
  /** Build of the runner bundle. */
  readonly build: string;
  /** From the command line of the runner: `--kernel ID --incarnation N`. */
  readonly kernel: string;
  readonly incarnation: number;
  /** Chosen anew at each start of a runner. */
  readonly boot: string;
  /** True once a first welcome was accepted: a token is set. */
  readonly claimed: boolean;
}

/** Answer of the agent. The first welcome claims the runner; later ones must show the same token and an epoch not below the highest seen. */
export interface Welcome {
  readonly version: number;
  readonly agent: string;
  /** Grows with each start of the agent; a higher one fences a lower one, whose connection is closed. */
  readonly epoch: number;
  /** 32 or more hexadecimal digits; secret of this kernel incarnation. */
  readonly token: string;
  /** Used from the first welcome only. */
  readonly spec: RunnerSpec;
}

/** What the runner must know about its kernel; comes over the socket, never by environment or arguments. */
export interface RunnerSpec {
  /** Uid and gid of the user's processes; never 0. */
  readonly uid: number;
  readonly gid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly deadManSeconds: number;
  readonly lifetimeSeconds: number | null;
  readonly retention: RetentionLimits;
  /** True when `run/` has FIFOs `fifo-0` ... `fifo-(n-1)` for standard streams. */
  readonly fifos: number;
}

/** Budget per run (docs/runner-protocol.md, Retention). */
export interface RetentionLimits {
  /** Undelivered and kept bytes in the runner's memory, over all runs. */
  readonly memoryBytes: number;
  /** Bytes on disk per run before the program blocks or output is elided. */
  readonly diskBytes: number;
  /** Bytes kept at the head and at the tail of an elided run. */
  readonly headBytes: number;
  readonly tailBytes: number;
  /** Delivered bytes of a run that are still kept for late readers. */
  readonly deliveredBytes: number;
  /** Seconds that a finished run is kept after its end was delivered, or after it ended with nobody listening. */
  readonly finishedSeconds: number;
}

export const DEFAULT_RETENTION: RetentionLimits = {
  memoryBytes: 8 * 1024 * 1024,
  diskBytes: 256 * 1024 * 1024,
  headBytes: 8 * 1024 * 1024,
  tailBytes: 8 * 1024 * 1024,
  deliveredBytes: 1024 * 1024,
  finishedSeconds: 24 * 3600,
};

/** Requests of the agent: frame `request`, channel 0, JSON `{id, method, params}`; answered by frame `reply` `{id, result}` or `{id, error}`. */
export interface RunnerMethods {
  /** Idempotent by run id: the same request again answers with the run as it is; another request under a known id is `run-conflict`. */
  start: { params: { run: RunRequest }; result: RunView };
  runs: { params: Record<never, never>; result: { runs: readonly RunView[] } };
  /**
   * Opens `channel` (chosen by the agent, 1 or more, unused): record frames follow from `from`, while less than `window` bytes
   * are unacknowledged. After the `finished` record an `end` frame closes the channel.
   */
  subscribe: { params: { channel: number; run: RunId; from: number; window: number }; result: RunView };
  unsubscribe: { params: { channel: number }; result: Record<never, never> };
  /** Input below the offset already taken is skipped. Answered when the program's pipe took it. `data` is base64. */
  input: { params: { run: RunId; offset: number; data: string; end: boolean }; result: { offset: number } };
  signal: { params: { run: RunId; signal: RunSignal }; result: Record<never, never> };
  /** Of the user's programs; at most 1,000. Runners of before this method refuse it with `bad-request`. */
  processes: { params: Record<never, never>; result: { processes: readonly ProcessView[] } };
  /** `no-such-process` for anything that `processes` does not tell. */
  signalProcess: { params: { pid: number; signal: ProcessSignal }; result: Record<never, never> };
  /** Of a run with a terminal; `terminal-missing` for others. */
  resize: { params: { run: RunId; size: TerminalSize }; result: Record<never, never> };
  complete: { params: { language: Language; code: string; cursor: number }; result: { matches: readonly string[] } };
  /**
   * Version 2. Connects to `port` of the kernel's loopback (127.0.0.1, else ::1) and opens `channel` for its bytes: a tunnel. At
   * most `window` bytes towards the agent are unconfirmed; the reply names the window of the other direction. Errors:
   * `service-unreachable`, `too-many-tunnels`.
   */
  connect: { params: { channel: number; port: number; window: number }; result: { window: number } };
  /** Version 2. The text of `/etc/backend.ai/service-defs/<name>.json` in the image; null when there is none that can be read. */
  definition: { params: { name: string }; result: { text: string | null } };
  /** Forgets a finished run and its output. */
  forget: { params: { run: RunId }; result: Record<never, never> };
  /** Ends all programs (SIGTERM, after graceMs SIGKILL), then the runner. The reply comes first. */
  shutdown: { params: { graceMs: number }; result: Record<never, never> };
  /** For tests and statistics. Bytes. */
  memory: { params: Record<never, never>; result: { rss: number; heapUsed: number; retained: number; spilled: number } };
}

export type RunnerMethod = keyof RunnerMethods;

export type RunnerReply = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: ErrorBody };

/** Why the runner ended by itself, for the agent that finds the container dead later. */
export interface ExitNote {
  readonly reason: 'dead-man' | 'lifetime' | 'shutdown';
  /** Milliseconds since the epoch. */
  readonly at: number;
}
