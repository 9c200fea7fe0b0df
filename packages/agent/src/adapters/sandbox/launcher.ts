/** How a record becomes processes. All else of the driver is the same, whoever starts them. */
import type { ContainerPlan, Driver, DriverInfo, ImageFacts } from '../../ports/driver.js';
import type { Groups } from './cgroup/groups.js';
import type { Group } from './cgroup/layout.js';
import type { Records } from './records.js';

export interface Launcher extends Pick<Driver, 'name' | 'isolation' | 'runnerArguments'> {
  /** What there is on this machine; asked once, and again after a failure. Errors: `driver-unavailable`, `driver-forbidden`. */
  find(): Promise<Ground>;
  /** `secrets`: directories that nothing may show. Errors: `image-not-found`. */
  resolveImage(reference: string, secrets: readonly string[]): Promise<ImageFacts>;
}

export interface Ground {
  readonly info: DriverInfo;
  readonly groups: Groups;
  /** What cannot be, said before anything is made. Errors: `create-failed`. */
  refuse(plan: ContainerPlan): Promise<void>;
  /** Errors: `create-failed`. */
  prepare(records: Records, id: string, plan: ContainerPlan, groups: readonly Group[]): Promise<Launch>;
  /** See the port. */
  removeTree(hostPath: string, signal?: AbortSignal): Promise<void>;
}

/** What is started, and what it is handed. It writes to descriptor 3 what becomes of it (`parseStatus`). */
export interface Launch {
  /** A program that the whole is started under, with its arguments. */
  readonly under: readonly string[];
  readonly command: readonly string[];
  /** Are in a file that it has as descriptor 4, each followed by a zero byte. */
  readonly options?: readonly string[];
  /** It reads these from descriptor 5. */
  readonly filter?: Uint8Array;
  /** Whether the first process, whose watcher is `monitor`, has become what was asked for. */
  readonly hasBegun: (monitor: number, first: number) => boolean;
}
