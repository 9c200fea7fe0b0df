/** The faults of broken-drivers.ts that are about pulls. */
import { BerthError } from '@berth/wire';
import { REMOTE, type Fault } from './fake-fixture.js';

export const BROKEN_PULLS: Readonly<Record<string, Fault>> = {
  'a pull brings the image to this node': {
    verbs: (fake) => ({
      async pullImage(reference, options) {
        const { imageId } = await fake.pullImage(reference, options);
        fake.images.delete(reference);
        return { imageId };
      },
    }),
  },
  'a pull tells its progress': {
    verbs: (fake) => ({ pullImage: (reference, { signal } = {}) => fake.pullImage(reference, { signal }) }),
  },
  'a pull of what is there does no harm': {
    verbs: (fake) => ({
      async pullImage(reference, options) {
        if (fake.images.has(reference)) throw new BerthError('pull-failed', 'it is there already');
        return fake.pullImage(reference, options);
      },
    }),
  },
  'pulls of one image at the same time all succeed': {
    verbs: (fake) => {
      let pulling = 0;
      return {
        // Two are all that it takes.
        async pullImage(reference, options) {
          if (++pulling > 2) throw new BerthError('pull-failed', 'a pull is in progress');
          return fake.pullImage(reference, options).finally(() => (pulling -= 1));
        },
      };
    },
  },
  'what the registry does not have is pull-failed': {
    verbs: (fake) => ({
      pullImage: (reference, options) =>
        fake.pullImage(reference, options).catch((error: unknown) => {
          if (!reference.includes('nothing')) throw error;
          return { imageId: 'sha256:nothing' };
        }),
    }),
  },
  'a pull of what is no reference is pull-failed': {
    verbs: (fake) => ({
      pullImage: (reference, options) => fake.pullImage(reference.startsWith('..') ? REMOTE : reference, options),
    }),
  },
  'who gives up a pull gets the reason, and those who wait for the same go on': {
    verbs: (fake) => {
      let first: AbortSignal | undefined;
      return {
        // The first who asks decides for all.
        async pullImage(reference, options = {}) {
          first ??= options.signal;
          return fake.pullImage(reference, { ...options, signal: first });
        },
      };
    },
  },
};
