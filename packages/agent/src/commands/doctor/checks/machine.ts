/** The machine below everything. */
import { release } from 'node:os';
import { parseMounts, type CgroupMount } from '../../../node/statistics/cgroup.js';
import type { DoctorContext } from '../context.js';
import { check, green, red, yellow, type CheckEntry } from '../finding.js';
import { exists, findExecutable, runProgram, text } from '../look.js';

const entry = (id: string, title: string): CheckEntry => ({ id: `machine.${id}`, group: 'machine', title });

/** Node 20 needs no newer one; `cgroup.kill` and others that came later are not counted on. */
const OLDEST_KERNEL = [4, 18] as const;

export const kernel = check(
  entry('kernel', 'Linux'),
  async (_context: DoctorContext) => release(),
  (version) => {
    const [major = 0, minor = 0] = version.split('.').map((part) => parseInt(part, 10));
    const old = major < OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor < OLDEST_KERNEL[1]);
    return old ? red(`Linux ${version}`, `Use Linux ${OLDEST_KERNEL.join('.')} or later.`) : green(`Linux ${version}`);
  },
);

export interface CgroupFacts {
  readonly mounts: readonly CgroupMount[];
  /** Of the root of the unified hierarchy; undefined without one. */
  readonly unified: string | undefined;
}

/** What else stands among the options of a mount is none. */
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'blkio', 'devices', 'freezer'];
const NEEDED = ['cpu', 'memory', 'pids'];
const WISHED = ['cpuset'];

export const cgroups = check(
  entry('cgroups', 'control groups'),
  async (_context: DoctorContext): Promise<CgroupFacts> => {
    const mounts = parseMounts((await text('/proc/self/mountinfo')) ?? '');
    const point = mounts.find(({ controllers }) => controllers === 'unified')?.point;
    return { mounts, unified: point === undefined ? undefined : await text(`${point}/cgroup.controllers`) };
  },
  ({ mounts, unified }) => {
    const words = (list: readonly string[]) => new Set(list.filter((name) => CONTROLLERS.includes(name)));
    const old = words(mounts.flatMap(({ controllers }) => (controllers === 'unified' ? [] : controllers)));
    const fresh = words((unified ?? '').split(' '));
    const version = old.has('memory') ? 'v1' : 'v2';
    const known = [...new Set([...old, ...fresh])];
    if (known.length === 0)
      return red('none are to be seen: limits cannot hold', 'Mount them: `mount -t cgroup2 none /sys/fs/cgroup`.');
    const says = `${version} with ${known.sort().join(', ')}`;
    const missing = NEEDED.filter((name) => !known.includes(name));
    if (missing.length > 0)
      return red(
        `${says}; not ${missing.join(', ')}`,
        'Boot with `cgroup_enable=memory`, or delegate the controllers (`Delegate=yes`).',
      );
    const less = WISHED.filter((name) => !known.includes(name));
    if (less.length > 0)
      return yellow(`${says}; not ${less.join(', ')}: sessions cannot have cores of their own`, 'Use a kernel that has them.');
    return green(says);
  },
);

export interface ModuleFacts {
  /** `/sys/fs/selinux/enforce`: 1 or 0; undefined without SELinux. */
  readonly seLinux: string | undefined;
  /** Y or N. */
  readonly appArmor: string | undefined;
}

export const modules = check(
  entry('security', 'SELinux and AppArmor of the machine'),
  async (_context: DoctorContext): Promise<ModuleFacts> => ({
    seLinux: await text('/sys/fs/selinux/enforce'),
    appArmor: await text('/sys/module/apparmor/parameters/enabled'),
  }),
  ({ seLinux, appArmor }) => {
    if (seLinux === '1')
      return yellow(
        'SELinux is enforcing, which Berth has not been tried with',
        'If the probes below fail, look for denials with `ausearch -m avc -ts recent`.',
      );
    const says = [seLinux === '0' ? 'SELinux is permissive' : 'no SELinux', appArmor === 'Y' ? 'AppArmor is on' : 'no AppArmor'];
    return green(says.join(', '));
  },
);

export interface ContainerFacts {
  /** Files that Docker and Podman put into containers. */
  readonly dockerEnv: boolean;
  readonly containerEnv: boolean;
  /** Type of the root file system. */
  readonly root: string;
  /** Groups of process 1. */
  readonly cgroup: string;
}

/** Of file systems that are made of layers, as those of containers are. */
const LAYERED = ['overlay', 'fuse-overlayfs', 'fuse.fuse-overlayfs', 'aufs', 'btrfs', 'zfs'];

export const container = check(
  entry('container', 'the node is not in a container'),
  async (_context: DoctorContext): Promise<ContainerFacts> => {
    const mounts = ((await text('/proc/self/mounts')) ?? '').split('\n').map((line) => line.split(' '));
    return {
      dockerEnv: await exists('/.dockerenv'),
      containerEnv: await exists('/run/.containerenv'),
      root: mounts.findLast(([, target]) => target === '/')?.[2] ?? '',
      cgroup: (await text('/proc/1/cgroup')) ?? '',
    };
  },
  ({ dockerEnv, containerEnv, root, cgroup }) =>
    // Images of virtual machines that were made from those of containers have the file of Docker, too.
    containerEnv || (dockerEnv && LAYERED.includes(root)) || /\/(docker|kubepods|lxc|containerd)\b/.test(cgroup)
      ? yellow(
          'it is: what Docker mounts for a session are paths of the machine, not of this container',
          "Mount data directory and scratch root under the same paths inside and outside (`-v DIR:DIR`), beside Docker's socket, with --pid host and --network host.",
        )
      : green('it is not'),
);

export interface GpuFacts {
  readonly program: string | undefined;
  /** Lines of `nvidia-smi -L`; undefined when it fails. */
  readonly list: string | undefined;
}

export const gpu = check(
  entry('gpu', 'GPUs'),
  async (_context: DoctorContext): Promise<GpuFacts> => {
    const program = await findExecutable(['nvidia-smi']);
    const ran = program === undefined ? undefined : await runProgram('nvidia-smi', ['-L']);
    return { program, list: ran?.exitCode === 0 ? ran.stdout.trim() : undefined };
  },
  ({ program, list }) => {
    if (program === undefined) return green('none (there is no nvidia-smi)');
    if (list === undefined)
      return yellow('nvidia-smi is there, but does not answer', 'Look at `nvidia-smi`: the driver may not be loaded.');
    const count = list.split('\n').filter((line) => line.startsWith('GPU ')).length;
    return green(`${count} of NVIDIA; this version gives none to sessions`);
  },
);
