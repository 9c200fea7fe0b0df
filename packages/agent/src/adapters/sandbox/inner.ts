/**
 * Of an ordinary user: the namespaces in which the runner starts each program. Runner and programs have one user id, so that only
 * namespaces keep them apart: a program sees neither the runner's processes nor its directory, and can signal and trace neither.
 */
import { IN_KERNEL, type InnerNamespaces } from '@berth/wire';
import type { ContainerPlan, Mount } from '../../ports/driver.js';
import { coverOptions } from './command.js';
import type { Machine } from './machine.js';
import type { Parts } from './parts.js';

const PROGRAM = `${IN_KERNEL.inner}/bwrap`;
const LOADER = `${IN_KERNEL.inner}/loader`;
export const SETTINGS = `${IN_KERNEL.inner}/settings.json`;

/** What must be shown of the machine, so that the runner can do so under any root file system. `settings` is the file with {@link innerNamespaces}. */
export const innerMounts = (settings: string, { program, loader, libraries }: Parts): readonly Mount[] => [
  { source: settings, target: SETTINGS, readOnly: true },
  { source: program, target: PROGRAM, readOnly: true },
  ...(loader === null ? [] : [{ source: loader, target: LOADER, readOnly: true }]),
  ...libraries.map(({ name, path }) => ({ source: path, target: `${IN_KERNEL.inner}/${name}`, readOnly: true })),
];

/** Arguments of the runner. */
export const INNER_ARGUMENTS: readonly string[] = ['--inner', SETTINGS];

/**
 * Per process and per program, since the kernel lets an ordinary user limit no more: memory that a process has for itself, and
 * processes within the user namespace of the program (Linux 5.14 and later). dash calls -p what others call -u.
 */
const LIMIT =
  'ulimit -c 0; ulimit -d "$1"; if (ulimit -u "$2") 2>/dev/null; then ulimit -u "$2"; else ulimit -p "$2"; fi; shift 2; exec "$@"';

export function innerNamespaces(
  { memoryBytes, pids }: Pick<ContainerPlan, 'memoryBytes' | 'pids'>,
  { maker: { uid, gid }, bubblewrap: { disablesUserNamespaces }, covered }: Pick<Machine, 'maker' | 'bubblewrap' | 'covered'>,
  { loader }: Parts,
): InnerNamespaces {
  const start = loader === null ? [PROGRAM] : [LOADER, '--library-path', IN_KERNEL.inner, PROGRAM];
  return {
    command: [
      ...start,
      ...['--unshare-user', '--uid', String(uid), '--gid', String(gid), '--cap-drop', 'ALL', '--unshare-pid'],
      ...(disablesUserNamespaces ? ['--disable-userns'] : []),
      ...['--dev-bind', '/', '/', '--proc', '/proc'],
      ...coverOptions(covered),
      ...['--perms', '0700', '--tmpfs', IN_KERNEL.private, '--remount-ro', IN_KERNEL.private],
    ],
    first: '--as-pid-1',
    limits: ['/bin/sh', '-c', LIMIT, 'sh', String(Math.floor(memoryBytes / 1024)), String(pids)],
  };
}
