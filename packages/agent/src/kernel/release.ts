/** Ends a kernel's programs with grace and undoes all hooks, last to first. */
import { CleanupStack } from '@berth/base';
import type { BerthError } from '@berth/wire';
import { containerName } from '../model/facts.js';
import type { KernelState } from '../model/kernel-state.js';
import { isOver } from '../model/observed.js';
import type { ReleaseContext } from './hook.js';
import type { KernelContext } from './kernel-context.js';
import type { LinkKeeper } from './link-keeper.js';

/** Rejects when something may be left. Idempotent. */
export async function releaseKernel(
  context: KernelContext,
  state: KernelState,
  link: LinkKeeper,
  ended: BerthError,
  graceMs: number,
): Promise<void> {
  const { facts, containerId, desired } = state;
  const end = desired.want === 'stop' ? desired : { reason: 'node-shutdown' as const, detail: '', at: context.clock.now() };
  const known: ReleaseContext = { facts, containerId, end: { reason: end.reason, detail: end.detail, at: end.at } };
  if (state.observed === 'paused') await goOn(context, state, link, graceMs);
  for (const hook of context.hooks) {
    await hook.ending?.(known).catch((error: unknown) => {
      context.logger.warn({ kernel: facts.kernelId, hook: hook.name, err: error }, 'a last look failed');
    });
  }
  // Without grace the container's end is the end of all: asking first would only cost time.
  if (!isOver(state.observed) && graceMs > 0) await link.shutdownRunner(graceMs);
  link.close(ended);
  const cleanup = new CleanupStack();
  for (const hook of context.hooks) {
    cleanup.add(hook.name, () => hook.release(known));
  }
  await cleanup.run();
}

/** The runner of a kernel that was paused over a restart of the agent answers only after it goes on. */
const ANSWER_MS = 2000;

/** A paused program hears no SIGTERM: with grace it goes on first. Without, or where that fails, removing ends it as it is. */
async function goOn({ driver, logger }: KernelContext, state: KernelState, link: LinkKeeper, graceMs: number): Promise<void> {
  const { facts, containerId } = state;
  if (graceMs === 0) return;
  try {
    await driver.resume(containerId ?? containerName(facts));
    await link.whenUp(AbortSignal.timeout(ANSWER_MS));
  } catch (error) {
    logger.debug({ kernel: facts.kernelId, err: error }, 'a paused kernel ends without grace');
  }
}
