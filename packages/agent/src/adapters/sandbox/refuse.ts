/** What no sandbox can be, said before anything is made. */
import { access } from 'node:fs/promises';
import { BerthError } from '@berth/wire';
import type { ContainerPlan } from '../../ports/driver.js';

/** Errors: `create-failed`. */
export async function refuseImpossible({ network, ownEntry, mounts }: ContainerPlan): Promise<void> {
  if (network === 'bridge') {
    throw new BerthError('create-failed', 'the sandbox driver has no network bridge', {
      fix: 'Ask for the network `none`, or `host` for that of this machine; or use Docker.',
    });
  }
  if (ownEntry) {
    throw new BerthError('create-failed', 'the sandbox driver cannot run an image that brings its own supervisor', {
      fix: 'Use Docker for this image.',
    });
  }
  for (const { source, target } of mounts) {
    await access(source).catch((error: unknown) => {
      throw new BerthError('create-failed', `${source}, which is to be mounted at ${target}, cannot be reached`, {
        cause: error,
      });
    });
  }
}
