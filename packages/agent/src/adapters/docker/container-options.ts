/** From a container plan to Docker's options. All hardening that never varies is here. Pure. */
import type { ContainerPlan } from '../../ports/driver.js';
import type { CreateOptions, ImageConfig } from './create-options.js';
import { toDockerLabels } from './labels.js';
import { ownEntryOptions } from './own-entry.js';

/** Size of what stands in for a volume of the image. */
const VOLUME_BYTES = 64 * 1024 * 1024;

export function containerOptions(plan: ContainerPlan, image: ImageConfig): CreateOptions {
  const options = suppliedEntryOptions(plan, image);
  return plan.ownEntry ? ownEntryOptions(options, plan.ownEntry, image) : options;
}

function suppliedEntryOptions(plan: ContainerPlan, image: ImageConfig): CreateOptions {
  return {
    name: plan.name,
    Image: plan.imageId,
    Labels: toDockerLabels(plan.labels),
    Hostname: plan.labels.kernelId.slice(0, 63),
    User: '0:0',
    WorkingDir: '/',
    Entrypoint: [...plan.command],
    Cmd: [],
    Env: withoutImageEnv(image.env),
    Healthcheck: { Test: ['NONE'] },
    NetworkDisabled: needsNoNetworkSetUp(plan),
    HostConfig: {
      CapDrop: ['ALL'],
      // To become the kernel's user, and to end its processes.
      CapAdd: ['SETUID', 'SETGID', 'KILL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Init: true,
      LogConfig: { Type: 'none', Config: {} },
      Memory: plan.memoryBytes,
      MemorySwap: plan.memoryBytes,
      NanoCpus: Math.round(plan.cpus * 1e9),
      CpusetCpus: plan.cpuset?.join(',') ?? '',
      PidsLimit: plan.pids,
      // Open files stay as the engine has them: one that may not raise limits could not start the container, and would say so too late.
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      OomScoreAdj: 0,
      IpcMode: 'private',
      CgroupnsMode: 'private',
      NetworkMode: plan.network,
      RestartPolicy: { Name: '' },
      // Of type bind and not `Binds`, which would create a missing source.
      Mounts: plan.mounts.map(({ source, target, readOnly }) => ({
        Type: 'bind',
        Source: source,
        Target: target,
        ReadOnly: readOnly,
        BindOptions: { Propagation: 'rprivate' },
      })),
      Tmpfs: { ...volumeStandIns(plan, image), ...Object.fromEntries(plan.tmpfs.map((t) => [t.target, tmpfsOptions(t)])) },
    },
  };
}

/**
 * Docker takes some 80 ms to set up even the network `none`. Without that, the kernel's own empty network with its loopback is
 * left, but nobody writes /etc/hosts: so it is asked for unless the plan brings one.
 */
const needsNoNetworkSetUp = ({ network, mounts }: ContainerPlan): boolean =>
  network === 'none' && mounts.some(({ target }) => target === '/etc/hosts');

/** A name without a value takes the image's variable away (Engine API, ContainerCreate): none of them reaches the runner. */
function withoutImageEnv(env: readonly string[]): string[] {
  return env.map((line) => line.split('=', 1)[0] ?? '').filter((name) => name !== '');
}

/** `exec` because Docker would add noexec: programs are built and unpacked in /tmp. */
const tmpfsOptions = ({ sizeBytes, mode }: { readonly sizeBytes: number; readonly mode: number }): string =>
  `rw,exec,nosuid,nodev,size=${sizeBytes},mode=${mode.toString(8)}`;

/** A volume of the image would be a writable place on the host's disk that no limit counts; memory of the kernel stands in for it. */
function volumeStandIns(plan: ContainerPlan, { volumes }: ImageConfig): Record<string, string> {
  const taken = new Set([...plan.mounts, ...plan.tmpfs].map(({ target }) => target));
  const free = volumes.filter((path) => !taken.has(path.replace(/(?<=.)\/+$/, '')));
  return Object.fromEntries(free.map((path) => [path, tmpfsOptions({ sizeBytes: VOLUME_BYTES, mode: 0o755 })]));
}
