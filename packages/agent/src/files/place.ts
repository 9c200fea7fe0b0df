/** The way to a file of a kernel: its names below /home/work, and what is not to be touched there. */
import { posix } from 'node:path';
import { pathNames, UnsafePathError } from '@berth/base';
import { IN_KERNEL } from '@berth/wire';
import type { KernelFacts } from '../model/facts.js';

/**
 * The names of `path`. What lies in a mount is refused: it is the host's, and the kernel's user may have fewer rights to it than the agent. `whole`: what
 * is asked for takes all below with it, so that a mount there is refused too; without its mount point it would be gone from the
 * running kernel. Throws `UnsafePathError`.
 */
export function namesOf(facts: KernelFacts, path: string, { whole = false } = {}): string[] {
  const names = pathNames(path);
  for (const { target } of facts.spec.mounts) {
    const mounted = pathNames(posix.relative(IN_KERNEL.work, target));
    const common = whole ? Math.min(names.length, mounted.length) : mounted.length;
    if (common <= names.length && mounted.slice(0, common).every((name, at) => name === names[at]))
      throw new UnsafePathError(
        `${JSON.stringify(posix.relative(IN_KERNEL.work, target))} is a folder of the host, mounted there`,
      );
  }
  return names;
}
