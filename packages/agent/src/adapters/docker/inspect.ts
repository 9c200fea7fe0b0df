import type { Observation } from '../../ports/driver.js';
import type { Engine } from './engine.js';
import { hasStatus } from './errors.js';
import { observationOf, type Inspected } from './observe.js';

/** Docker's own alphabet for ids and names; anything else would change the path of the request. */
const REFERENCE = /^[A-Za-z0-9][\w.-]*$/;

/** Raw inspection by full id or name; undefined when there is none. Docker would also take the beginning of an id: not here. */
export async function inspectRaw(engine: Engine, idOrName: string, signal?: AbortSignal): Promise<Inspected | undefined> {
  if (!REFERENCE.test(idOrName)) return undefined;
  const found = await engine.call(
    'inspecting the container',
    (docker, abortSignal) =>
      docker
        .getContainer(idOrName)
        .inspect({ abortSignal })
        .catch((thrown: unknown) => {
          if (hasStatus(thrown, 404)) return undefined;
          throw thrown;
        }),
    { signal },
  );
  return found && (found.Id === idOrName || found.Name === `/${idOrName}`) ? found : undefined;
}

/** A container of ours by full id or name; undefined when there is none. */
export async function inspectContainer(engine: Engine, idOrName: string, signal?: AbortSignal): Promise<Observation | undefined> {
  const found = await inspectRaw(engine, idOrName, signal);
  return found && observationOf(found);
}
