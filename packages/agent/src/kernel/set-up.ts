/** Runs the hooks forward. What they made is undone by the release that follows every failed set-up. */
import { toBerthError, BerthError } from '@berth/wire';
import type { KernelFacts } from '../model/facts.js';
import { emptyDraft, type KernelDraft } from './hook.js';
import type { KernelContext } from './kernel-context.js';

/** Rejects with an error of the closed list that names the failed step, or with the signal's reason. */
export async function setUpKernel(
  context: KernelContext,
  facts: KernelFacts,
  signal: AbortSignal,
  containerMade: (containerId: string) => Promise<void>,
): Promise<KernelDraft> {
  const draft = emptyDraft();
  for (const hook of context.hooks) {
    signal.throwIfAborted();
    try {
      await hook.acquire({ facts, draft, signal, containerMade });
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toBerthError(thrown);
      if (error.code !== 'internal') throw error;
      throw new BerthError('create-failed', `the step ${hook.name} failed: ${error.message}`, { cause: thrown });
    }
  }
  return draft;
}
