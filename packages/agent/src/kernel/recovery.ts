/** Takes over what earlier lives of the agent left. Per kernel: one bad journal or odd container never stops the others. */
import type { KernelFactory } from './kernel-factory.js';
import type { KernelActor } from './kernel-actor.js';
import type { JournalStore } from '../ports/journal-store.js';
import type { Logger } from '../ports/logger.js';

export interface Recovered {
  readonly actors: readonly KernelActor[];
  /** Kernels whose journals could not be used. */
  readonly setAside: ReadonlySet<string>;
  /** Journals whose last line a crash had torn. */
  readonly torn: number;
}

/** Registers all kernels that the journals tell of (`stored`). Nobody has looked at the driver yet. */
export async function recoverKernels(
  stored: Awaited<ReturnType<JournalStore['load']>>,
  journals: JournalStore,
  factory: KernelFactory,
  logger: Logger,
): Promise<Recovered> {
  const { found, unusable } = stored;
  for (const { kernelId, problem } of unusable)
    logger.error({ kernel: kernelId, problem }, 'a journal cannot be used; its kernel is set aside');
  const actors: KernelActor[] = [];
  for (const journal of found) {
    const actor = factory.restore(journal);
    if (actor) actors.push(actor);
    else {
      // Not even an intent was written, so nothing was made.
      await journal.journal.close();
      await journals.remove(journal.kernelId);
    }
  }
  return {
    actors,
    setAside: new Set(unusable.map((u) => u.kernelId)),
    torn: found.filter((journal) => journal.torn).length,
  };
}

/** Looks at the kernel's container, then goes on where the earlier life stopped. */
export async function resumeKernel(actor: KernelActor): Promise<void> {
  await actor.look();
  await actor.post({ type: 'resume' });
}
