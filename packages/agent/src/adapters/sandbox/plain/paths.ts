/** Where things are for a program that has no mounts of its own. Pure. */
import { BerthError } from '@berth/wire';
import type { Mount } from '../../../ports/driver.js';

const isBelow = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);

/** `argument`, with a path to or below a mount led to where that is on this machine. */
export function onMachine(argument: string, mounts: readonly Mount[]): string {
  const [mount] = mounts
    .filter(({ target }) => isBelow(argument, target))
    .sort((one, other) => other.target.length - one.target.length);
  return mount === undefined ? argument : mount.source + argument.slice(mount.target.length);
}

/** Mounts are only known by name, so that none can be seen within another. Errors: `create-failed`. */
export function refuseNested(mounts: readonly Mount[]): void {
  const inner = mounts.find((one) => mounts.some((other) => other !== one && isBelow(one.target, other.target)));
  if (!inner) return;
  throw new BerthError(
    'create-failed',
    `${inner.source} cannot be shown at ${inner.target}: without isolation nothing is mounted`,
    {
      fix: 'Ask for a session without mounts, and use the directory where it is; or start the node without `--isolation none`.',
    },
  );
}
