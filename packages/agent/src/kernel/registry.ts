/** The kernels of this node by id, and a short memory of those that ended. */
import { AsyncQueue } from '@berth/base';
import { BerthError, type KernelEvent, type KernelId, type KernelView } from '@berth/wire';
import type { KernelActor } from './kernel-actor.js';

const REMEMBERED = 100;
const REMEMBER_MS = 3600_000;

export class KernelRegistry {
  readonly #actors = new Map<KernelId, KernelActor>();
  readonly #ended = new Map<KernelId, KernelView>();
  readonly #watchers = new Set<AsyncQueue<KernelEvent>>();
  readonly #now: () => number;
  #cursor = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(actor: KernelActor): void {
    this.#ended.delete(actor.state.facts.kernelId);
    this.#actors.set(actor.state.facts.kernelId, actor);
  }

  /** The kernel is over and nothing of it is left. */
  retire(view: KernelView): void {
    this.#actors.delete(view.kernelId);
    this.#ended.set(view.kernelId, view);
    for (const id of this.#ended.keys()) {
      if (this.#ended.size <= REMEMBERED) break;
      this.#ended.delete(id);
    }
  }

  find(id: KernelId): KernelActor | undefined {
    return this.#actors.get(id);
  }

  actors(): readonly KernelActor[] {
    return [...this.#actors.values()];
  }

  /** View of a living or remembered kernel, or `no-such-session`. */
  view(id: KernelId): KernelView {
    const view = this.#actors.get(id)?.view ?? this.#ended.get(id);
    if (!view) throw new BerthError('no-such-session', `there is no session ${id}`, { fields: { session: id } });
    return view;
  }

  views(options: { readonly ended: boolean }): readonly KernelView[] {
    const living = [...this.#actors.values()].map((actor) => actor.view);
    if (!options.ended) return living;
    const since = this.#now() - REMEMBER_MS;
    return [...living, ...[...this.#ended.values()].filter((view) => (view.endedAt ?? 0) >= since)];
  }

  /** Tells watchers what changed. */
  announce(before: KernelView, after: KernelView): void {
    const common = () => ({ cursor: ++this.#cursor, at: this.#now(), kernelId: after.kernelId, incarnation: after.incarnation });
    if (before.phase !== after.phase) {
      this.#tell({ ...common(), type: 'kernel-phase', phase: after.phase, reason: after.reason });
    }
    if (before.reachable !== after.reachable) {
      this.#tell({ ...common(), type: 'kernel-reachable', reachable: after.reachable });
    }
    if (before.paused !== after.paused) this.#tell({ ...common(), type: 'kernel-paused', paused: after.paused });
  }

  #tell(event: KernelEvent): void {
    for (const watcher of this.#watchers) watcher.push(event);
  }

  /** Events from this call on, not from the first read. */
  events(signal: AbortSignal): AsyncIterable<KernelEvent> {
    const queue = new AsyncQueue<KernelEvent>();
    const stop = () => {
      this.#watchers.delete(queue);
      queue.end();
    };
    this.#watchers.add(queue);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    return drain(queue, () => {
      signal.removeEventListener('abort', stop);
      stop();
    });
  }
}

async function* drain(queue: AsyncQueue<KernelEvent>, done: () => void): AsyncIterable<KernelEvent> {
  try {
    yield* queue;
  } finally {
    done();
  }
}
