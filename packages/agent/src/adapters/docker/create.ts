import { sleep } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { ContainerPlan } from '../../ports/driver.js';
import { containerOptions } from './container-options.js';
import { LIMIT_MS, type Engine } from './engine.js';
import { hasStatus } from './errors.js';
import { imageConfig } from './images.js';
import { inspectRaw } from './inspect.js';
import { fromDockerLabels, sameLabels } from './labels.js';
import { removeContainer } from './remove.js';

const LOOK_AGAIN_MS = 50;

/**
 * Creates, or finds what an earlier life created. Docker goes on creating when its caller hangs up, so an abort waits for the
 * outcome and undoes it: otherwise the container would appear after everybody has looked for it.
 */
export async function createContainer(
  engine: Engine,
  plan: ContainerPlan,
  signal?: AbortSignal,
): Promise<{ readonly containerId: string }> {
  const options = containerOptions(plan, await imageConfig(engine, plan.imageId, signal));
  for (;;) {
    signal?.throwIfAborted();
    const made = await engine.call(
      'creating the container',
      (docker) =>
        docker.createContainer(options).catch((thrown: unknown) => {
          if (hasStatus(thrown, 409)) return undefined;
          throw thrown;
        }),
      { limitMs: LIMIT_MS.work },
    );
    const containerId = made?.id ?? (await holderOfName(engine, plan, signal));
    if (signal?.aborted && made) await removeContainer(engine, made.id);
    signal?.throwIfAborted();
    if (containerId !== undefined) return { containerId };
    await sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Id of the container that has the name already; undefined while it is going. Errors: `create-failed` when it is another's. */
async function holderOfName(engine: Engine, plan: ContainerPlan, signal?: AbortSignal): Promise<string | undefined> {
  const holder = await inspectRaw(engine, plan.name, signal);
  if (!holder || ['removing', 'dead'].includes(holder.State.Status)) return undefined;
  const labels = fromDockerLabels(holder.Config.Labels ?? {});
  if (labels && sameLabels(labels, plan.labels)) return holder.Id;
  throw new BerthError('create-failed', `the container name ${plan.name} is taken by a container that is not this kernel's`, {
    fix: `Look at it with \`docker inspect ${plan.name}\`; remove it if nobody needs it.`,
    fields: { name: plan.name, containerId: holder.Id },
  });
}
