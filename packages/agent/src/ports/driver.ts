/**
 * The driver port: makes and watches containers. Adapters: `adapters/docker`, `adapters/sandbox`; a fake in
 * `testing/`. The contract below is held by the conformance suite `testing/driver-suite.ts`, which runs on each of them.
 *
 * Rules for every verb: idempotent, since the agent can die anywhere and repeats itself; errors are of the closed list
 * (`driver-unavailable`, `driver-forbidden`, `image-not-found`, `timeout`, `create-failed`); each call has a deadline of its
 * own and takes an abort signal.
 */

/** The drivers that there are. */
export const DRIVER_NAMES = ['docker', 'sandbox'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];
/** `auto`: the first of them that this machine allows. */
export const WANTED_DRIVERS = ['auto', ...DRIVER_NAMES] as const;
export type WantedDriver = (typeof WANTED_DRIVERS)[number];

/** Whether code of sessions is kept from the machine. `none` is never chosen by itself. */
export const ISOLATIONS = ['sandboxed', 'none'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** Labels of a container of ours. Fixed at creation. */
export interface ContainerLabels {
  /** Which agent made it, and which state directory knows about it. Containers with another pair are never touched. */
  readonly agentId: string;
  readonly stateId: string;
  readonly namespace: string;
  readonly kernelId: string;
  readonly sessionId: string;
  readonly incarnation: number;
}

/** A host directory or file made visible inside. A missing source is an error, never created. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A file system in memory. */
export interface TmpfsMount {
  readonly target: string;
  readonly sizeBytes: number;
  /** For example 0o700; owner is root of the container. */
  readonly mode: number;
}

/** A port of the container that is reachable on this machine. */
export interface PublishedPort {
  readonly containerPort: number;
  /** Address of this machine on which it listens. */
  readonly hostAddress: string;
  /** Null: one that is free. */
  readonly hostPort: number | null;
}

/** What differs for a container that runs what its image says. */
export interface OwnEntry {
  /** Laid over the image's. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
  readonly tty: boolean;
  /** For example `SIGINT`. */
  readonly stopSignal: string;
}

/** All that a container is made of, already decided. Hardening that never varies is the driver's own business. */
export interface ContainerPlan {
  /** `berth-<kernel id>-<incarnation>`: an intent without a container id is found by name after a crash. */
  readonly name: string;
  readonly labels: ContainerLabels;
  /** Image id as {@link Driver.resolveImage} gave it. */
  readonly imageId: string;
  /** Program and arguments; replaces the image's entrypoint and command. Runs as root of the container in `/`. */
  readonly command: readonly string[];
  readonly mounts: readonly Mount[];
  readonly tmpfs: readonly TmpfsMount[];
  readonly cpus: number;
  /** Cores that it may run on, sorted; null: any. */
  readonly cpuset: readonly number[] | null;
  /** Swap included: no swap beyond it. */
  readonly memoryBytes: number;
  readonly pids: number;
  readonly network: 'none' | 'bridge' | 'host';
  /**
   * Set: the image's own entrypoint and command run, on a writable root, with what an entrypoint needs that makes a user and becomes
   * it; `command` counts for nothing. A driver without this rejects with `create-failed`.
   */
  readonly ownEntry?: OwnEntry;
}

/** What the driver says about a container right now. */
export interface Observation {
  readonly containerId: string;
  readonly name: string;
  readonly labels: ContainerLabels;
  readonly state: 'created' | 'running' | 'paused' | 'exited' | 'removing';
  /** Only for `exited`; 128 + n after a signal. */
  readonly exitCode: number | null;
  /** Docker's OOM flag; may be set although the container lives on. */
  readonly oomKilled: boolean;
  /** Pid of its first process on this machine; null when it does not run, or when only `inspect` would tell. */
  readonly pid: number | null;
  /** Where published ports are, by container port; only of a running container, and only `inspect` tells. */
  readonly ports?: Readonly<Record<number, { readonly host: string; readonly port: number }>>;
}

/** A hint that something changed; may be lost or doubled. The relist is the truth. */
export interface DriverEvent {
  readonly containerId: string;
  readonly labels: ContainerLabels;
  readonly type: 'created' | 'started' | 'paused' | 'resumed' | 'died' | 'removed';
}

/** An image that is present on this node. */
export interface ImageFacts {
  /** Content id; a reference may move, this does not. */
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The image's own environment; handed to the user's processes, never to the runner. */
  readonly env: Readonly<Record<string, string>>;
  /** Host paths that a container of this image needs mounted read-only (image `host`); empty for others. */
  readonly mounts: readonly Mount[];
}

/** One image of this node, as the list tells it. */
export interface LocalImage {
  readonly imageId: string;
  /** `repository:tag`, as often as it has names; an image without a name is not listed. */
  readonly references: readonly string[];
  /** Labels of the image; those that every container would inherit. */
  readonly labels: Readonly<Record<string, string>>;
}

/** How a pull goes. `total` is null until it is known. */
export interface PullProgress {
  /** For a person, for example `Downloading`. */
  readonly status: string;
  /** Layer, or empty for a word about the whole. */
  readonly layer: string;
  readonly bytes: number;
  readonly total: number | null;
}

/** Who pulls. Never logged. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

export interface PullOptions {
  readonly credentials?: RegistryCredentials | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Ends the wait of this caller; the pull itself ends with its last caller. */
  readonly signal?: AbortSignal | undefined;
}

export interface DriverInfo {
  /** For people, for example `Docker Engine 20.10.24 (API 1.41)`. */
  readonly description: string;
  readonly apiVersion: string;
  /** Limits of sessions that this driver cannot hold on this machine, a sentence each. */
  readonly missing?: readonly string[];
}

export interface Driver {
  readonly name: string;
  /**
   * `none`: what it starts are plain processes on the machine's own files. Of mounts there are only the names: a path on the command line
   * that leads to one is led to its source; memory file systems are not made.
   */
  readonly isolation?: Isolation | undefined;
  /** Go onto the runner's command line: what it must know of where it is. */
  readonly runnerArguments?: readonly string[] | undefined;
  /** Answers quickly when the driver can be used; rejects with `driver-unavailable` or `driver-forbidden`. */
  probe(signal?: AbortSignal): Promise<DriverInfo>;
  /** The local image for a reference; `host` is built in. Never pulls. */
  resolveImage(reference: string, signal?: AbortSignal): Promise<ImageFacts>;
  /** Named images for this machine's architecture. One odd image never spoils the list. */
  listImages(signal?: AbortSignal): Promise<readonly LocalImage[]>;
  /**
   * Pulls `reference` and resolves with its id. Pulls of one reference at the same time are one pull. Errors: `pull-failed`, also
   * for what the registry says within the stream.
   */
  pullImage(reference: string, options?: PullOptions): Promise<{ readonly imageId: string }>;
  /** Creates, does not start. If a container of that name and those labels exists, its id is returned. */
  create(plan: ContainerPlan, signal?: AbortSignal): Promise<{ readonly containerId: string }>;
  /**
   * Starts; does nothing when it runs already. `create-failed` when it cannot be started; under an init a program that does not
   * exist may show only as exit code 127.
   */
  start(containerId: string, signal?: AbortSignal): Promise<void>;
  /**
   * Lets all its processes stand still where they are; does nothing when they do already. `session-ended` when it does not run.
   * They are observed as `paused`.
   */
  pause(containerId: string, signal?: AbortSignal): Promise<void>;
  /** Lets them go on; does nothing when they do already. `session-ended` when it does not run. */
  resume(containerId: string, signal?: AbortSignal): Promise<void>;
  /** SIGKILL, also of one that is paused; does nothing when it does not run or is gone. */
  kill(containerId: string, signal?: AbortSignal): Promise<void>;
  /** Removes, killing first if needed, with its anonymous volumes; resolves when it is gone, also if it was already or is "in progress". */
  remove(containerId: string, signal?: AbortSignal): Promise<void>;
  /** By container id or name; undefined when there is none. */
  inspect(idOrName: string, signal?: AbortSignal): Promise<Observation | undefined>;
  /** All containers of this agent id and state id, in every state. Rejects rather than give a partial list. */
  list(owner: Pick<ContainerLabels, 'agentId' | 'stateId'>, signal?: AbortSignal): Promise<readonly Observation[]>;
  /** Events of this owner's containers from the moment of the first `next`. Rejects when the stream breaks: reconnect, then relist. */
  events(owner: Pick<ContainerLabels, 'agentId' | 'stateId'>, signal: AbortSignal): AsyncIterable<DriverEvent>;
  /** Removes a directory tree of the host that holds files of other owners, through a helper container. */
  removeTree(hostPath: string, signal?: AbortSignal): Promise<void>;
}
