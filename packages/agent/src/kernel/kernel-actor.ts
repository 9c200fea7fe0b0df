/**
 * One kernel's shell around the pure model: takes inputs in the order of its mailbox, journals what the model decides, and
 * starts the effects. Long work (hooks, link, release) runs beside the mailbox and reports back as further inputs.
 */
import { KeyedMailbox, OwnedTasks } from '@berth/base';
import { BerthError, toBerthError, type KernelView } from '@berth/wire';
import { decide, type KernelEffect, type KernelInput } from '../model/decide.js';
import { containerName } from '../model/facts.js';
import { needsSync } from '../model/journal-entries.js';
import { viewOf, type KernelState } from '../model/kernel-state.js';
import type { Journal } from '../ports/journal-store.js';
import type { KernelContext } from './kernel-context.js';
import { LinkKeeper } from './link-keeper.js';
import { lookAtContainer } from './look.js';
import { releaseKernel } from './release.js';
import { setUpKernel } from './set-up.js';

/** Told after each change that callers could see. */
export type KernelListener = (before: KernelView, after: KernelView) => void;

/** Calls that wait for a state: resolved or rejected by {@link KernelActor.until}. */
interface Waiter {
  readonly test: (state: KernelState) => boolean;
  readonly resolve: () => void;
}

export class KernelActor {
  /** Inputs of other incarnations that were dropped. */
  staleInputs = 0;
  /** What made the creation fail, kept for the caller who waits for it. */
  setupError: BerthError | undefined;

  /** What made the last pause or resume fail, kept for the caller who waits for it. */
  pauseError: BerthError | undefined;

  #state: KernelState;
  readonly #context: KernelContext;
  readonly #journal: Journal;
  readonly #listener: KernelListener;
  readonly #mailbox = new KeyedMailbox();
  readonly #tasks: OwnedTasks;
  #setup = new AbortController();
  #waiters: Waiter[] = [];
  #link: LinkKeeper;
  #fifos = 0;
  #env: Readonly<Record<string, string>> = {};

  constructor(context: KernelContext, state: KernelState, journal: Journal, listener: KernelListener) {
    this.#context = context;
    this.#state = state;
    this.#journal = journal;
    this.#listener = listener;
    this.#tasks = new OwnedTasks((name, error) => {
      context.logger.error({ ...this.#fields, task: name, err: error }, 'a task of a kernel failed');
    });
    this.#link = this.#newLink();
  }

  /** The link to the runner of the present incarnation. */
  get link(): LinkKeeper {
    return this.#link;
  }

  get state(): KernelState {
    return this.#state;
  }

  get view(): KernelView {
    return viewOf(this.#state);
  }

  get #fields(): object {
    return { kernel: this.#state.facts.kernelId, incarnation: this.#state.facts.incarnation };
  }

  /** Puts an input to the model, after all earlier ones. Resolves when its journal entries are written and its effects begun. */
  post(input: KernelInput): Promise<void> {
    return this.#mailbox.post('', () => this.#take(input));
  }

  /** Resolves when the state satisfies `test`; rejects with the signal's reason. */
  until(test: (state: KernelState) => boolean, signal?: AbortSignal): Promise<void> {
    if (test(this.#state)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = { test, resolve };
      this.#waiters.push(waiter);
      signal?.addEventListener(
        'abort',
        () => {
          this.#waiters = this.#waiters.filter((w) => w !== waiter);
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  /** Asks the driver about the container now. */
  async look(): Promise<void> {
    const input = await lookAtContainer(this.#context, this.#state);
    if (input) await this.post(input);
  }

  /** Stops everything that runs for this kernel in the agent. The kernel itself lives on. */
  async detach(): Promise<void> {
    const reason = new BerthError('shutting-down', 'the node is stopping');
    this.#setup.abort(reason);
    this.link.close(reason);
    await this.#tasks.stop();
    await this.#mailbox.idle();
    await this.#journal.close();
  }

  async #take(input: KernelInput): Promise<void> {
    const before = this.#state;
    const { state, effects, stale } = decide(before, input, this.#context.clock.now());
    if (stale) this.staleInputs += 1;
    // First: whoever sees it released may ask for a kernel of the same id, with a journal of its own.
    if (state.released && !before.released) await this.#forget();
    this.#state = state;
    for (const effect of effects) await this.#perform(effect);
    if (differ(viewOf(before), viewOf(state))) {
      this.#listener(viewOf(before), viewOf(state));
    }
    for (const waiter of this.#waiters.filter((w) => w.test(state))) {
      this.#waiters = this.#waiters.filter((w) => w !== waiter);
      waiter.resolve();
    }
  }

  async #perform(effect: KernelEffect): Promise<void> {
    switch (effect.type) {
      case 'journal':
        try {
          await this.#journal.append(effect.entry, { sync: needsSync(effect.entry) });
        } catch (error) {
          // A full state disk must not end kernels that live; recovery finds the container by its name.
          this.#context.logger.error({ ...this.#fields, entry: effect.entry.type, err: error }, 'the journal cannot be written');
        }
        return;
      case 'set-up':
        return this.#tasks.start('set up', () => this.#setUp());
      case 'abort-setup':
        return this.#setup.abort(new BerthError('cancelled', 'the kernel was ended while it was made'));
      case 'keep-link':
        return this.#tasks.start('keep link', (signal) => this.link.keep(signal));
      case 'drop-link':
        this.#link.close(new BerthError('no-such-run', 'the session was restarted'));
        this.#link = this.#newLink();
        return;
      case 'pause':
        return this.#tasks.start('pause', (signal) => this.#pause(effect.paused, signal));
      case 'release':
        return this.#tasks.start('release', () => this.#release(effect.graceMs));
    }
  }

  #newLink(): LinkKeeper {
    const { facts } = this.#state;
    const { incarnation } = facts;
    return new LinkKeeper({
      context: this.#context,
      facts,
      runnerExtras: () => ({ fifos: this.#fifos, env: this.#env }),
      // One that is paused goes on before it ends, so that its programs have their grace; then its runner can be spoken to again.
      isOver: () => this.#state.desired.want === 'stop' && this.#state.observed !== 'paused',
      onUp: () => void this.post({ type: 'link-up', incarnation }),
      onDown: () => void this.#linkLost(incarnation),
      onRefused: () => this.look(),
    });
  }

  async #setUp(): Promise<void> {
    const { facts } = this.#state;
    const { incarnation } = facts;
    this.#setup = new AbortController();
    try {
      const draft = await setUpKernel(this.#context, facts, this.#setup.signal, (containerId) =>
        this.post({ type: 'container-made', incarnation, containerId }),
      );
      this.#fifos = draft.fifos;
      this.#env = draft.env;
      this.#tasks.start('keep link', (signal) => this.link.keep(signal));
      await this.link.firstUp(this.#setup.signal);
      await this.post({ type: 'setup-done', incarnation });
    } catch (thrown) {
      const error = toBerthError(thrown);
      // A node that goes away leaves the kernel to its next life, which takes the creation up again.
      if (error.code === 'shutting-down') return;
      this.setupError = error;
      this.#context.logger.warn({ ...this.#fields, code: error.code, err: error }, 'the kernel could not be made');
      const reason = error.code === 'cancelled' ? 'cancelled' : 'create-failed';
      await this.post({ type: 'setup-failed', incarnation, reason, detail: error.message });
    }
  }

  async #pause(paused: boolean, signal: AbortSignal): Promise<void> {
    const { facts, containerId } = this.#state;
    const { incarnation } = facts;
    const id = containerId ?? containerName(facts);
    try {
      await (paused ? this.#context.driver.pause(id, signal) : this.#context.driver.resume(id, signal));
      this.pauseError = undefined;
      await this.look();
      await this.post({ type: 'pause-done', incarnation, paused });
    } catch (thrown) {
      const error = toBerthError(thrown);
      const level = this.pauseError ? 'debug' : 'warn';
      this.pauseError = error;
      const what = paused ? 'the kernel could not be paused' : 'the kernel could not be resumed; it is tried again';
      this.#context.logger[level]({ ...this.#fields, code: error.code, err: error }, what);
      await this.look();
      await this.post({ type: 'pause-failed', incarnation, paused });
    }
  }

  async #release(graceMs: number): Promise<void> {
    try {
      await releaseKernel(this.#context, this.#state, this.link, endedError(this.view), graceMs);
      if (this.#state.releaseFailures > 0) this.#context.logger.info(this.#fields, 'all of the kernel is undone');
      await this.post({ type: 'released' });
    } catch (error) {
      // An outage makes it fail many times for one reason.
      const level = this.#state.releaseFailures === 0 ? 'warn' : 'debug';
      this.#context.logger[level](
        { ...this.#fields, err: error },
        'not everything of the kernel could be undone; it is tried again',
      );
      await this.post({ type: 'release-failed' });
    }
  }

  /** The last step of a kernel's life: only now may its journal go. */
  async #forget(): Promise<void> {
    await this.#journal.close();
    await this.#context.journals.remove(this.#state.facts.kernelId);
  }

  async #linkLost(incarnation: number): Promise<void> {
    await this.post({ type: 'link-down', incarnation });
    await this.look();
  }
}

/** Whether a watcher sees a difference. */
const differ = (before: KernelView, after: KernelView): boolean =>
  before.phase !== after.phase || before.reachable !== after.reachable || before.paused !== after.paused;

/** The error for a caller whose kernel has ended. */
export function endedError(view: KernelView): BerthError {
  const detail = view.detail === '' ? '' : `: ${view.detail}`;
  return new BerthError('session-ended', `session ${view.sessionId} has ended (${view.reason ?? 'unknown'}${detail})`, {
    fields: { session: view.sessionId, reason: view.reason },
  });
}
