import type { Observation } from '../../ports/driver.js';
import type { Engine } from './engine.js';
import { hasStatus, nonsense } from './errors.js';
import { isInspected, observationOf, type Inspected } from './observe.js';

const WHAT = 'inspecting the container';

/** Docker's own alphabet for ids and names; anything else would change the path of the request. */
const REFERENCE = /^[A-Za-z0-9][\w.-]*$/;

/** Raw inspection by full id or name; undefined when there is none. Docker would also take the beginning of an id: not here. */
export async function inspectRaw(engine: Engine, idOrName: string, signal?: AbortSignal): Promise<Inspected | undefined> {
  if (!REFERENCE.test(idOrName)) return undefined;
  const found: unknown = await engine.call(
    WHAT,
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
  if (found === undefined) return undefined;
  if (!isInspected(found)) throw nonsense(WHAT);
  return found.Id === idOrName || found.Name === `/${idOrName}` ? found : undefined;
}

/** A container of ours by full id or name; undefined when there is none. */
export async function inspectContainer(engine: Engine, idOrName: string, signal?: AbortSignal): Promise<Observation | undefined> {
  const found = await inspectRaw(engine, idOrName, signal);
  return found && observationOf(found);
}
