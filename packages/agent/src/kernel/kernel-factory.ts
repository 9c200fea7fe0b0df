/** Makes kernel actors: for new requests, and for what a journal tells of an earlier life. */
import { BerthError, type CreateKernel } from '@berth/wire';
import { chooseUser, type UserIds } from '../alloc/uids.js';
import type { KernelFacts } from '../model/facts.js';
import { replay, type KernelState } from '../model/kernel-state.js';
import type { FoundJournal } from '../ports/journal-store.js';
import { KernelActor } from './kernel-actor.js';
import type { KernelContext } from './kernel-context.js';
import type { KernelRegistry } from './registry.js';

export class KernelFactory {
  readonly #context: KernelContext;
  readonly #registry: KernelRegistry;
  readonly #agentUser: UserIds;
  readonly #carryId: string;
  /** Uids of kernels that are decided but not registered yet. */
  readonly #reserved = new Set<number>();

  constructor(context: KernelContext, registry: KernelRegistry, agentUser: UserIds, carryId: string) {
    this.#context = context;
    this.#registry = registry;
    this.#agentUser = agentUser;
    this.#carryId = carryId;
  }

  /** Decides all that will not change for a new kernel. */
  decideFacts(request: CreateKernel, token: string): KernelFacts {
    const taken = new Set(this.#registry.actors().map((actor) => actor.state.facts.uid));
    for (const uid of this.#reserved) taken.add(uid);
    const user = chooseUser(this.#agentUser, taken);
    this.#reserved.add(user.uid);
    return {
      kernelId: request.kernelId,
      sessionId: request.sessionId,
      incarnation: 1,
      spec: request.spec,
      createdAt: this.#context.clock.now(),
      ...user,
      token,
      carryId: this.#carryId,
    };
  }

  /** Writes the intent and registers the kernel. Rejects with `state-unwritable`, leaving nothing. */
  async begin(state: KernelState): Promise<KernelActor> {
    const { facts } = state;
    try {
      const journal = await this.#context.journals.create(facts.kernelId);
      try {
        await journal.append({ type: 'create', facts }, { sync: true });
      } catch (error) {
        await journal.close();
        await this.#context.journals.remove(facts.kernelId).catch(() => {});
        throw new BerthError(
          'state-unwritable',
          `no kernel can be made: its journal cannot be written (${(error as Error).message})`,
          {
            cause: error,
          },
        );
      }
      return this.#register(new KernelActor(this.#context, state, journal, (before, after) => this.#changed(before, after)));
    } finally {
      this.#reserved.delete(facts.uid);
    }
  }

  /** A kernel of an earlier life; undefined when its journal does not even hold an intent. */
  restore(found: FoundJournal): KernelActor | undefined {
    const rebooted = found.boot !== null && found.boot !== this.#context.boot;
    const state = replay(found.entries, this.#context.clock.now(), rebooted);
    if (!state) return undefined;
    return this.#register(new KernelActor(this.#context, state, found.journal, (before, after) => this.#changed(before, after)));
  }

  #register(actor: KernelActor): KernelActor {
    this.#registry.add(actor);
    return actor;
  }

  #changed(...[before, after]: Parameters<KernelRegistry['announce']>): void {
    if (after.phase === 'terminated') this.#registry.retire(after);
    this.#registry.announce(before, after);
    const { kernelId, incarnation, phase, reason, reachable } = after;
    // An outage of the driver makes all kernels unreachable, and is told once.
    const level = before.phase === phase ? 'debug' : 'info';
    this.#context.logger[level]({ kernel: kernelId, incarnation, phase, reason, reachable }, 'kernel changed');
  }
}
