/** What the engine says of itself, for `berth doctor`. */
import { Engine, type DockerTarget } from './engine.js';

/** The parts of Docker's `version` and `info` that matter to a node. */
export interface EngineFacts {
  readonly version: string;
  /** Newest and oldest API that it speaks. */
  readonly apiVersion: string;
  readonly minApiVersion: string;
  readonly storageDriver: string;
  /** Rows such as `Backing Filesystem`, `extfs`. */
  readonly storageStatus: readonly (readonly [string, string])[];
  readonly liveRestore: boolean;
  /** `1` or `2`. */
  readonly cgroupVersion: string;
  /** `cgroupfs` or `systemd`; `none` where it cannot limit. */
  readonly cgroupDriver: string;
  readonly limits: { readonly memory: boolean; readonly swap: boolean; readonly cpu: boolean; readonly pids: boolean };
  /** For example `name=seccomp,profile=default`. */
  readonly securityOptions: readonly string[];
  readonly rootDirectory: string;
  readonly warnings: readonly string[];
}

interface Version {
  readonly Version?: string;
  readonly ApiVersion?: string;
  readonly MinAPIVersion?: string;
}

interface Info {
  readonly Driver?: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly LiveRestoreEnabled?: boolean;
  readonly CgroupVersion?: string;
  readonly CgroupDriver?: string;
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
  readonly SecurityOptions?: readonly string[] | null;
  readonly DockerRootDir?: string;
  readonly Warnings?: readonly string[] | null;
}

/** Asks in the engine's own version of the API, so that one which is too old or too new for us tells so. Errors: `driver-*`, `timeout`. */
export async function engineFacts(target: DockerTarget, signal?: AbortSignal): Promise<EngineFacts> {
  const engine = new Engine(target, null);
  const ask = <T>(what: string, fn: (docker: Engine['docker']) => Promise<unknown>): Promise<T> =>
    engine.call(what, (docker) => fn(docker) as Promise<T>, { signal });
  const version = await ask<Version>('asking Docker for its version', (docker) => docker.version());
  const info = await ask<Info>('asking Docker about itself', (docker) => docker.info());
  return {
    version: version.Version ?? '',
    apiVersion: version.ApiVersion ?? '',
    minApiVersion: version.MinAPIVersion ?? '',
    storageDriver: info.Driver ?? '',
    storageStatus: info.DriverStatus ?? [],
    liveRestore: info.LiveRestoreEnabled === true,
    // Engines before 20.10 do not say: they know only one.
    cgroupVersion: info.CgroupVersion ?? '1',
    cgroupDriver: info.CgroupDriver ?? '',
    limits: {
      memory: info.MemoryLimit === true,
      swap: info.SwapLimit === true,
      cpu: info.CpuCfsQuota === true,
      pids: info.PidsLimit === true,
    },
    securityOptions: info.SecurityOptions ?? [],
    rootDirectory: info.DockerRootDir ?? '',
    warnings: info.Warnings ?? [],
  };
}
