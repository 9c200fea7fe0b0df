import { BerthError } from '@berth/wire';
import { LIMIT_MS, type Engine } from './engine.js';
import { hasStatus } from './errors.js';
import { inspectContainer } from './inspect.js';

/** Pauses (Docker uses the freezer) or resumes. Does nothing when it is so already; `session-ended` when it does not run. */
export async function pauseContainer(engine: Engine, id: string, paused: boolean, signal?: AbortSignal): Promise<void> {
  const refused = await engine.call(
    paused ? 'pausing the container' : 'resuming the container',
    async (docker, abortSignal) => {
      const container = docker.getContainer(id);
      try {
        await (paused ? container.pause({ abortSignal }) : container.unpause({ abortSignal }));
        return false;
      } catch (thrown) {
        // Of the other state, or of none: Engine 20.10 says 409 to each, and 500 to one that it finds not paused.
        if ([404, 409, 500].some((status) => hasStatus(thrown, status))) return thrown;
        throw thrown;
      }
    },
    { signal, limitMs: LIMIT_MS.work },
  );
  if (refused === false) return;
  const state = (await inspectContainer(engine, id, signal))?.state;
  if (state === (paused ? 'paused' : 'running')) return;
  if (state !== 'running' && state !== 'paused') throw new BerthError('session-ended', `container ${id} does not run`);
  throw new BerthError(
    'create-failed',
    `container ${id} does not ${paused ? 'stand still' : 'go on'}: ${(refused as Error).message}`,
    {
      cause: refused,
    },
  );
}
