import type { Driver } from '../../ports/driver.js';
import type { LifecycleHook } from '../hook.js';

/** Resolves the image on this node and takes its environment, which only the user's processes will see. */
export function imageHook(driver: Driver): LifecycleHook {
  return {
    name: 'image',
    async acquire({ facts, draft, signal }) {
      const image = await driver.resolveImage(facts.spec.image, signal);
      draft.image = image;
      draft.mounts.push(...image.mounts);
      draft.env = { ...image.env, ...facts.spec.env };
    },
    async release() {},
  };
}
