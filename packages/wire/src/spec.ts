/** What is asked for: kernels and runs. HTTP schemas that check these shapes are in `http/schemas.ts`. */
import type { KernelId, RunId, SessionId } from './ids.js';

/** Languages with a REPL or an interpreter that the runner knows by name. */
export const LANGUAGES = ['python', 'node', 'bash'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Network of a kernel: none (loopback only), a bridge with outward access, or the host's own. */
export type NetworkMode = 'none' | 'bridge' | 'host';

/** A host directory or file made visible in a kernel. */
export interface KernelMount {
  /** Absolute path on the host; must exist. Whoever fills this in answers for it: fronts allow only what lies below their roots. */
  readonly source: string;
  /** Absolute path in the kernel, below /home/work. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** Which supervisor runs inside: ours, or the one of 2018 that an image brings along (ports 2000 and 2001, seed spec 9.1). */
export const SUPERVISORS = ['berth', 'kernel-runner'] as const;
export type Supervisor = (typeof SUPERVISORS)[number];

/** What a kernel is made from. Every field is set: defaults are filled in once, at the edge (`completeKernelSpec`). */
export interface KernelSpec {
  /** Image reference as the driver knows it, or `host` for the machine's own /usr. */
  readonly image: string;
  /** CPU share in cores, 0.01 to 1024. */
  readonly cpus: number;
  /** Numbers of the cores that it may run on, sorted; null: any. */
  readonly cpuset: readonly number[] | null;
  /** Memory limit in bytes, swap included; at least 32 MiB. */
  readonly memoryBytes: number;
  /** Most processes and threads, the runner's own included; at least 32. */
  readonly pids: number;
  readonly network: NetworkMode;
  /** Directories and files of the host beside /home/work. */
  readonly mounts: readonly KernelMount[];
  readonly supervisor: Supervisor;
  /** Notes of the front that asked for the kernel: kept with it, over restarts too, and never interpreted. At most 64 KiB. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Environment of the user's processes. Never reaches the runner. */
  readonly env: Readonly<Record<string, string>>;
  /** Seconds without any client after which the session ends; null: never. Renewed by each attached client and each call but `listRuns`. */
  readonly leaseSeconds: number | null;
  /** Seconds without an agent after which the runner ends the kernel by itself. */
  readonly deadManSeconds: number;
  /** Seconds from ready to the end of the session whatever happens; null: none. */
  readonly lifetimeSeconds: number | null;
}

export const KERNEL_SPEC_DEFAULTS: Omit<KernelSpec, 'image'> = {
  cpus: 1,
  cpuset: null,
  memoryBytes: 1024 * 1024 * 1024,
  pids: 512,
  network: 'none',
  mounts: [],
  supervisor: 'berth',
  annotations: {},
  env: {},
  leaseSeconds: null,
  deadManSeconds: 24 * 3600,
  lifetimeSeconds: null,
};

/** A partial specification made whole. */
export function completeKernelSpec(partial: Partial<KernelSpec> & Pick<KernelSpec, 'image'>): KernelSpec {
  return { ...KERNEL_SPEC_DEFAULTS, ...partial };
}

/** A request to create a kernel. Asking twice with the same ids gives the same kernel. */
export interface CreateKernel {
  readonly kernelId: KernelId;
  readonly sessionId: SessionId;
  readonly spec: KernelSpec;
}

/** What both kinds of run have in common. */
export interface RunCommon {
  readonly runId: RunId;
  /** Added to the kernel's environment for this run (batch only; a REPL keeps the environment it started with). */
  readonly env?: Readonly<Record<string, string>>;
  /** Wall-clock limit in milliseconds; the run and its processes are killed, the session stays. Absent: none. */
  readonly timeoutMs?: number;
  /** True: the program blocks rather than lose output when nobody listens. Default false. */
  readonly durable?: boolean;
}

/** Code for the kernel's language session, whose variables stay. Queries of one language run one after another. */
export interface QueryRun extends RunCommon {
  readonly mode: 'query';
  readonly language: Language;
  readonly code: string;
}

/** Size of a terminal in characters, 1 to 10,000 each. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** What a service is called and where it listens. */
export interface ServiceMark {
  /** Letters, digits, `_` and `-`; at most 32. */
  readonly name: string;
  readonly protocol: ServiceProtocol;
  /** In the kernel, 1 to 65,535; the first is the one that is opened. */
  readonly ports: readonly number[];
}

/** `preopen`: a port that programs of the user open by themselves. */
export const SERVICE_PROTOCOLS = ['http', 'tcp', 'preopen'] as const;
export type ServiceProtocol = (typeof SERVICE_PROTOCOLS)[number];

/** A program of its own beside the REPL, with a standard input. Batches run side by side. */
export interface BatchRun extends RunCommon {
  readonly mode: 'batch';
  /** Program and arguments. `interpreter` set: only the arguments, and the runner finds the interpreter in the image. */
  readonly argv: readonly string[];
  readonly interpreter?: Language;
  /** `open`: input frames are expected. `none` (default): reads give end of file at once. */
  readonly stdin?: 'open' | 'none';
  /** Relative to /home/work; default `.`. */
  readonly cwd?: string;
  /**
   * A shell command that runs first. Its end is told by a `build-finished` record, always, also for the empty text, which builds
   * nothing. If it fails, the program is not run: `finished` with exit code 127. With it `argv` may be empty: nothing is run then.
   */
  readonly build?: string;
  /** A shell command before the build, for a fresh start. Its end is told by a `clean-finished` record; whatever that is, the run goes on. */
  readonly clean?: string;
  /** The program gets a terminal of this size: one stream of output (`stdout`), input as typed. Needs `stdin: 'open'`. */
  readonly terminal?: TerminalSize;
  /** The program is this service: a note that the runner keeps with the run and shows in its view. */
  readonly service?: ServiceMark;
}

export type RunRequest = QueryRun | BatchRun;

/** How to end a run: SIGINT, SIGTERM to the tree, or SIGKILL to the tree until none is left. */
export type RunSignal = 'interrupt' | 'terminate' | 'kill';
export const RUN_SIGNALS: readonly RunSignal[] = ['interrupt', 'terminate', 'kill'];

/** Signals that a single process can be sent. */
export const PROCESS_SIGNALS = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGKILL',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTERM',
  'SIGCONT',
  'SIGSTOP',
] as const;
export type ProcessSignal = (typeof PROCESS_SIGNALS)[number];
