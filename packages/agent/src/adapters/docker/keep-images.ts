/** What a person does to images of the engine: names and removes them. No kernel loses its image by it. */
import { BerthError } from '@berth/wire';
import { LIMIT_MS, type Engine } from './engine.js';
import { dockerError, hasStatus } from './errors.js';
import { inspectImage } from './images.js';
import { fromDockerLabels, KERNEL_LABEL } from './labels.js';
import { pullReference } from './pull-reference.js';

/** Gives an image a further name, or moves that name to it. Errors: `image-not-found`. */
export async function tagImage(engine: Engine, reference: string, as: string, signal?: AbortSignal): Promise<void> {
  const { repository, tag } = pullReference(as);
  await engine.call(
    `naming the image ${as}`,
    (docker, abortSignal) => docker.getImage(reference).tag({ repo: repository, tag, abortSignal }),
    { signal },
  );
}

/**
 * Takes a name away, and with the last name the image. Refused with `bad-request` while a kernel has been made from the image, of
 * whatever agent, and while Docker says that something else needs it. Errors: `image-not-found`.
 */
export async function removeImage(engine: Engine, reference: string, signal?: AbortSignal): Promise<void> {
  const { Id } = await inspectImage(engine, reference, signal);
  const sessions = await sessionsOn(engine, Id, signal);
  if (sessions.length > 0) {
    throw new BerthError('bad-request', `the image ${reference} is in use by ${sessions.join(', ')}`, {
      fix: 'End the sessions that use it first.',
      fields: { reference, sessions: sessions.length },
    });
  }
  const what = `removing the image ${reference}`;
  await engine.call(
    what,
    (docker, abortSignal) =>
      docker
        .getImage(reference)
        .remove({ abortSignal })
        .catch((thrown: unknown) => {
          if (!hasStatus(thrown, 409)) throw thrown;
          throw new BerthError('bad-request', dockerError(thrown, what).message, {
            fix: 'Remove what needs it first.',
            cause: thrown,
          });
        }),
    { signal, limitMs: LIMIT_MS.work },
  );
}

/** Sessions whose containers, in whatever state, were made from the image. */
async function sessionsOn(engine: Engine, imageId: string, signal: AbortSignal | undefined): Promise<string[]> {
  const containers = await engine.call(
    'listing containers',
    (docker, abortSignal) => docker.listContainers({ all: true, filters: { label: [KERNEL_LABEL] }, abortSignal }),
    { signal },
  );
  return containers
    .filter(({ ImageID }) => ImageID === imageId)
    .map(({ Id, Labels }) => fromDockerLabels(Labels)?.sessionId ?? Id.slice(0, 12));
}
