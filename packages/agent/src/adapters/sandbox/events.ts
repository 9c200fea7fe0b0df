/** Events of sandboxes for who listens. What the driver does itself is told at once; deaths by whoever sees them first. */
import { AsyncQueue } from '@berth/base';
import type { ContainerLabels, DriverEvent } from '../../ports/driver.js';

export type Owner = Pick<ContainerLabels, 'agentId' | 'stateId'>;

export class Announcer {
  readonly #listeners = new Set<{ readonly owner: Owner; readonly queue: AsyncQueue<DriverEvent> }>();
  /** Sandboxes whose death is still to be told. */
  readonly #living = new Map<string, ContainerLabels>();

  tell(type: DriverEvent['type'], containerId: string, labels: ContainerLabels): void {
    for (const { owner, queue } of this.#listeners) {
      if (owner.agentId === labels.agentId && owner.stateId === labels.stateId) queue.push({ type, containerId, labels });
    }
  }

  started(id: string, labels: ContainerLabels): void {
    if (this.#living.has(id)) return;
    this.#living.set(id, labels);
    this.tell('started', id, labels);
  }

  /** One that an earlier life of the agent started. */
  found(id: string, labels: ContainerLabels): void {
    if (!this.#living.has(id)) this.#living.set(id, labels);
  }

  /** Told once, however often it is noticed. */
  died(id: string): void {
    const labels = this.#living.get(id);
    if (!labels) return;
    this.#living.delete(id);
    this.tell('died', id, labels);
  }

  get living(): readonly string[] {
    return [...this.#living.keys()];
  }

  /** Registers at once. Ends with the signal's reason. */
  listen(owner: Owner, signal: AbortSignal): AsyncIterable<DriverEvent> & { stop(): void } {
    const queue = new AsyncQueue<DriverEvent>();
    const listener = { owner, queue };
    this.#listeners.add(listener);
    const abort = () => queue.fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    return {
      [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
      stop: () => {
        signal.removeEventListener('abort', abort);
        this.#listeners.delete(listener);
      },
    };
  }
}
