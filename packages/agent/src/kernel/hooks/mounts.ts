import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { BerthError, IN_KERNEL } from '@berth/wire';
import type { KernelFacts } from '../../model/facts.js';
import type { LifecycleHook } from '../hook.js';

/** Makes the directory below /home/work on which a mount is put, owned by the kernel's user; finds one that is there. */
export type MountPointMaker = (facts: KernelFacts, path: string) => Promise<void>;

/** What the specification wants to see of the host. Without a mount point of ours the engine would leave one of root's in the user's home. */
export function mountsHook(makeMountPoint: MountPointMaker): LifecycleHook {
  return {
    name: 'mounts',
    async acquire({ facts, draft }) {
      for (const mount of facts.spec.mounts) {
        await access(mount.source, constants.F_OK).catch((error: unknown) => {
          throw new BerthError('create-failed', `${mount.source}, which is to be mounted at ${mount.target}, is not there`, {
            fix: 'Make the directory, or ask for a session without it.',
            fields: { source: mount.source, target: mount.target },
            cause: error,
          });
        });
        await makeMountPoint(facts, pathBelowWork(mount.target));
        draft.mounts.push(mount);
      }
    },
    async release() {},
  };
}

function pathBelowWork(target: string): string {
  const prefix = `${IN_KERNEL.work}/`;
  if (!target.startsWith(prefix)) {
    throw new BerthError('bad-request', `a mount goes to ${JSON.stringify(target)}: it must lie below ${IN_KERNEL.work}`);
  }
  return target.slice(prefix.length);
}
