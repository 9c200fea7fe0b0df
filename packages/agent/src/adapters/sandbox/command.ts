/** From a container plan to bubblewrap's options. All hardening that never varies is here. Pure. */
import type { ContainerPlan, Mount } from '../../ports/driver.js';
import type { Group } from './cgroup/layout.js';
import type { MountPoint, RootStep } from './root.js';

/** Who makes the sandbox. */
export interface Maker {
  readonly uid: number;
  readonly gid: number;
}

/** What more it takes than the plan. */
export interface Surroundings {
  readonly maker: Maker;
  readonly root: readonly RootStep[];
  readonly groups: readonly Group[];
  /** Those of {@link COVERED} that this machine has. */
  readonly covered: readonly string[];
  /** Files and directories that are shown read-only beside those of the plan. */
  readonly shown: readonly Mount[];
}

/** To become the kernel's user, and to end its processes. */
const CAPABILITIES = ['CAP_KILL', 'CAP_SETGID', 'CAP_SETUID'];
const DEVICE_MEMORY_BYTES = 64 * 1024 * 1024;
/** Of /sys, what libraries ask to see how many threads make sense. */
const MACHINE = ['/sys/devices/system/cpu', '/sys/devices/system/node'];

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** All options, up to the program. */
export function sandboxOptions(plan: ContainerPlan, { maker, root, groups, covered, shown }: Surroundings): readonly string[] {
  return [
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...(plan.network === 'host' ? [] : ['--unshare-net']),
    ...['--hostname', plan.labels.kernelId.slice(0, 63)],
    ...identity(maker),
    '--clearenv',
    ...root.flatMap(rootOption),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...(maker.uid === 0 ? sealedProc(covered) : []),
    ...places(plan, groups, shown),
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/'],
  ];
}

/** Root gives up what it need not have; anybody else becomes alone in a user namespace. */
const identity = ({ uid, gid }: Maker): string[] =>
  uid === 0
    ? ['--cap-drop', 'ALL', ...CAPABILITIES.flatMap((name) => ['--cap-add', name])]
    : ['--unshare-user', '--uid', String(uid), '--gid', String(gid), '--cap-drop', 'ALL'];

/**
 * Root of the sandbox is root of the machine here, and owns what a missing capability would not keep it from writing. Not so in a user
 * namespace, where moreover a /proc that is partly covered would keep the runner from mounting one for its programs.
 */
const sealedProc = (covered: readonly string[]): string[] => ['--ro-bind', '/proc/sys', '/proc/sys', ...coverOptions(covered)];

/** Files of /proc that tell of the whole machine, or change it. Not every kernel has each. */
export const COVERED: readonly string[] = ['/proc/kcore', '/proc/keys', '/proc/sysrq-trigger', '/proc/timer_list'];

export const coverOptions = (covered: readonly string[]): string[] => covered.flatMap((path) => ['--ro-bind', '/dev/null', path]);

function rootOption(step: RootStep): string[] {
  if (step.kind === 'directory') return ['--perms', octal(step.mode), '--dir', step.path];
  if (step.kind === 'link') return ['--symlink', step.target, step.path];
  return ['--ro-bind', step.source, step.path];
}

interface Place {
  readonly target: string;
  readonly options: readonly string[];
}

/** What is mounted over the root: first what lies higher, so that nothing covers what lies below it. */
function places(plan: ContainerPlan, groups: readonly Group[], shown: readonly Mount[]): string[] {
  const all: Place[] = [
    memory({ target: '/dev/shm', sizeBytes: DEVICE_MEMORY_BYTES, mode: 0o1777 }),
    ...MACHINE.map((path): Place => ({ target: path, options: [...parents(path), '--ro-bind-try', path, path] })),
    ...groups.map(({ path, shownAt }): Place => ({
      target: shownAt,
      options: [...parents(shownAt), '--ro-bind', path, shownAt],
    })),
    ...plan.tmpfs.map(memory),
    ...[...plan.mounts, ...shown].map(({ source, target, readOnly }): Place => ({
      target,
      options: [readOnly ? '--ro-bind' : '--bind', source, target],
    })),
  ];
  const depth = ({ target }: Place): number => target.split('/').filter(Boolean).length;
  return all.sort((a, b) => depth(a) - depth(b)).flatMap(({ options }) => options);
}

/** Left to itself, bubblewrap makes them for their owner alone. */
function parents(path: string): string[] {
  const names = path.split('/').filter(Boolean).slice(0, -1);
  return names.flatMap((_, index) => ['--perms', '0755', '--dir', `/${names.slice(0, index + 1).join('/')}`]);
}

const memory = ({ target, sizeBytes, mode }: ContainerPlan['tmpfs'][number]): Place => ({
  target,
  options: ['--perms', octal(mode), '--size', String(sizeBytes), '--tmpfs', target],
});

/** Where places must be, for a root that is not made for us. `isDirectory` tells of sources. */
export function mountPointsOf(
  plan: ContainerPlan,
  shown: readonly Mount[],
  isDirectory: (source: string) => boolean,
): MountPoint[] {
  const made = ['/proc', '/dev', '/sys', ...plan.tmpfs.map(({ target }) => target)];
  return [
    ...made.map((target) => ({ target, directory: true })),
    ...[...plan.mounts, ...shown].map(({ source, target }) => ({ target, directory: isDirectory(source) })),
  ];
}
