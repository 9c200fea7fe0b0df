/** Ends a kernel's programs with grace and undoes all hooks, last to first. */
import { CleanupStack } from '@berth/base';
import type { BerthError } from '@berth/wire';
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
