/** What the conformance suite needs to be told about the driver under test. */
import type { ContainerLabels, ContainerPlan, Driver } from '../src/ports/driver.js';

/** Programs that the driver's image can run. */
export interface FixtureCommands {
  /** Runs until it is killed. */
  readonly idle: readonly string[];
  readonly exitWith3: readonly string[];
  /** Takes more memory than {@link smallPlan} gives. */
  readonly exhaustMemory: readonly string[];
  /** Names a program that does not exist. */
  readonly missing: readonly string[];
}

/** How a container looks to a program inside it. */
export interface InsideFacts {
  readonly uid: number;
  readonly directory: string;
  /** Names of its environment. */
  readonly environment: readonly string[];
  readonly rootReadOnly: boolean;
  /** Those that it has or could gain, by number: the bounding set, or where nothing can be gained those that it may use. */
  readonly capabilities: readonly number[];
  readonly noNewPrivileges: boolean;
  /** Network interfaces. */
  readonly interfaces: readonly string[];
  /** True when the name localhost has an address to which it can connect. */
  readonly localhost: boolean;
  readonly memoryBytes: number;
  readonly memoryAndSwapBytes: number;
  readonly pids: number;
  readonly cpus: number;
  /** Numbers of the cores that it may run on, sorted. */
  readonly cores: readonly number[];
  /** By target, for the mounts and memory file systems of the plan; `mode` without type bits. */
  readonly mounts: Readonly<Record<string, { readonly readOnly: boolean; readonly bytes: number; readonly mode: number }>>;
}

/** A registry from which the driver can pull. */
export interface FixtureRegistry {
  /** Reference of an image that is there; on this node it may be or not. */
  readonly reference: string;
  /** Reference of an image that is not there. */
  readonly missing: string;
  /** Takes the image of `reference` off this node. */
  forget(): Promise<void>;
}

export interface DriverFixture {
  readonly driver: Driver;
  /** Reference of an image that is present. */
  readonly image: string;
  /** Variables that it sets, at least one. */
  readonly imageEnvironment: Readonly<Record<string, string>>;
  /** Who the program of a container is: drivers differ in what they may do themselves. */
  readonly expected: Pick<InsideFacts, 'uid' | 'capabilities'>;
  readonly commands: FixtureCommands;
  /** Runs a program in a container of this plan (its command is replaced) that reports how things look to it. */
  lookInside(plan: ContainerPlan): Promise<InsideFacts>;
  /** Undefined where there is none: then the cases about pulls cannot run. */
  readonly registry: FixtureRegistry | undefined;
  /** An empty host directory, removed by `dispose`. */
  readonly directory: string;
  dispose(): Promise<void>;
}

/** Root, with CAP_KILL, CAP_SETGID and CAP_SETUID alone. */
export const ROOT_OF_CONTAINER: DriverFixture['expected'] = { uid: 0, capabilities: [5, 6, 7] };

let count = 0;

/** Labels that no other case has: cases share one engine. */
export function freshLabels(): ContainerLabels {
  const id = `${process.pid.toString(36)}-${Date.now().toString(36)}-${++count}`;
  return {
    agentId: `conformance-${id}`,
    stateId: `state-${id}`,
    namespace: 'tests',
    kernelId: `k-${id}`,
    sessionId: `s-${id}`,
    incarnation: 1,
  };
}

/** The smallest plan that every driver takes. */
export const smallPlan = (labels: ContainerLabels, imageId: string, command: readonly string[]): ContainerPlan => ({
  name: `berth-${labels.kernelId}-${labels.incarnation}`,
  labels,
  imageId,
  command,
  mounts: [],
  tmpfs: [],
  cpus: 1,
  cpuset: null,
  memoryBytes: 64 * 1024 * 1024,
  pids: 64,
  network: 'none',
});
