import { sleep, withDeadline } from '@berth/base';
import { LIMIT_MS, type Engine } from './engine.js';
import { dockerError, hasStatus, isBusy } from './errors.js';

const LOOK_AGAIN_MS = 100;

/**
 * Removes with anonymous volumes, killing first, and resolves when it is gone. Docker refuses while another removal is under way
 * or a file system is still in use, which passes: it is asked again until it says that there is no such container.
 */
export async function removeContainer(engine: Engine, containerId: string, signal?: AbortSignal): Promise<void> {
  const what = 'removing the container';
  try {
    await withDeadline(what, LIMIT_MS.work, (inner) => untilGone(engine, containerId, inner), signal);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw dockerError(error, what);
  }
}

async function untilGone(engine: Engine, containerId: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await engine.docker.getContainer(containerId).remove({ force: true, v: true, abortSignal: signal });
      return;
    } catch (error) {
      if (hasStatus(error, 404)) return;
      if (!isBusy(error)) throw error;
      await sleep(LOOK_AGAIN_MS, signal);
    }
  }
}
