/**
 * A driver in memory that keeps the contract of the port. Containers do nothing by themselves: hooks play the program that would
 * run in them, and `end` lets one die.
 */
import { access, rm } from 'node:fs/promises';
import { AsyncQueue, withDeadline } from '@berth/base';
import { BerthError } from '@berth/wire';
import type {
  ContainerLabels,
  ContainerPlan,
  Driver,
  DriverEvent,
  DriverInfo,
  ImageFacts,
  LocalImage,
  Observation,
  PullOptions,
} from '../src/ports/driver.js';

/** No pull of a fake takes so long. */
const PULL_MS = 60_000;

type Owner = Pick<ContainerLabels, 'agentId' | 'stateId'>;

export interface FakeHooks {
  /** The program starts. Throwing means that it cannot be started. */
  onStart?(plan: ContainerPlan, containerId: string): void | Promise<void>;
  /** It was killed, by `kill` or `remove`. */
  onKill?(plan: ContainerPlan, containerId: string): void | Promise<void>;
}

interface FakeContainer {
  readonly plan: ContainerPlan;
  observation: Observation;
}

/** Above any that this machine gives: nobody must find a process by it. */
const FIRST_PID = 2 ** 30;

/** An image that every fake has. */
export const FAKE_IMAGE: ImageFacts = {
  imageId: 'sha256:fake',
  labels: { purpose: 'tests' },
  env: { PATH: '/bin', GREETING: 'hello' },
  mounts: [],
};

export class FakeDriver implements Driver {
  readonly name = 'fake';
  /** By reference; change it at will. */
  readonly images = new Map<string, ImageFacts>([['fake', FAKE_IMAGE]]);
  /** What can be pulled, by reference; change it at will. */
  readonly registry = new Map<string, ImageFacts>();
  /** References of the pulls that were begun; one that was joined counts once. */
  readonly pulled: string[] = [];
  /** While it is pending, pulls are under way. */
  holdPulls: Promise<unknown> = Promise.resolve();
  /** While set, every verb rejects with it: the engine is away. */
  outage: BerthError | undefined;
  readonly #hooks: FakeHooks;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #listeners = new Map<AsyncQueue<DriverEvent>, Owner>();
  readonly #pulling = new Map<string, Promise<ImageFacts>>();
  #made = 0;

  constructor(hooks: FakeHooks = {}) {
    this.#hooks = hooks;
  }

  /** The plan of a container that exists. */
  planOf(containerId: string): ContainerPlan {
    return this.#get(containerId).plan;
  }

  /** The program ends, as if by itself. */
  end(containerId: string, exitCode: number, { oomKilled = false } = {}): void {
    const container = this.#get(containerId);
    if (!alive(container)) return;
    container.observation = { ...container.observation, state: 'exited', exitCode, oomKilled, pid: null };
    this.#tell(container, 'died');
  }

  /** All event streams break, as when the engine restarts. */
  breakEvents(): void {
    for (const queue of this.#listeners.keys()) queue.fail(new BerthError('driver-unavailable', 'the event stream ended'));
  }

  async probe(signal?: AbortSignal): Promise<DriverInfo> {
    await this.#ready(signal);
    return { description: 'Fake driver', apiVersion: '0' };
  }

  async resolveImage(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
    await this.#ready(signal);
    const image = this.images.get(reference) ?? this.images.get(reference.replace(/:latest$/, ''));
    if (!image) throw new BerthError('image-not-found', `there is no image ${reference}`);
    return image;
  }

  async listImages(signal?: AbortSignal): Promise<readonly LocalImage[]> {
    await this.#ready(signal);
    const ids = [...new Set([...this.images.values()].map(({ imageId }) => imageId))];
    return ids.map((id) => {
      const named = [...this.images].filter(([, { imageId }]) => imageId === id);
      const references = named.map(([name]) => (name.includes(':') ? name : `${name}:latest`));
      return { imageId: id, references, labels: named[0]![1].labels };
    });
  }

  async pullImage(reference: string, { onProgress, signal }: PullOptions = {}): Promise<{ readonly imageId: string }> {
    await this.#ready(signal);
    const pull = this.#pulling.get(reference) ?? this.#pull(reference);
    this.#pulling.set(reference, pull);
    onProgress?.({ status: 'Downloading', layer: 'f00', bytes: 1, total: 2 });
    const { imageId } = await (signal ? withDeadline('the pull', PULL_MS, () => pull, signal) : pull);
    return { imageId };
  }

  async #pull(reference: string): Promise<ImageFacts> {
    this.pulled.push(reference);
    try {
      await this.holdPulls;
      const image = this.registry.get(reference);
      if (!image) throw new BerthError('pull-failed', `the registry has no ${reference}`);
      this.images.set(reference, image);
      return image;
    } finally {
      this.#pulling.delete(reference);
    }
  }

  async create(plan: ContainerPlan, signal?: AbortSignal): Promise<{ readonly containerId: string }> {
    await this.#ready(signal);
    await Promise.all(plan.mounts.map(({ source }) => access(source).catch(refuse(`${source} does not exist`))));
    signal?.throwIfAborted();
    const holder = this.#find(plan.name);
    if (holder) {
      if (JSON.stringify(holder.plan.labels) === JSON.stringify(plan.labels))
        return { containerId: holder.observation.containerId };
      throw new BerthError('create-failed', `the container name ${plan.name} is taken`);
    }
    const containerId = (++this.#made).toString(16).padStart(64, 'f');
    const { name, labels } = plan;
    const container: FakeContainer = {
      plan,
      observation: { containerId, name, labels, state: 'created', exitCode: null, oomKilled: false, pid: null },
    };
    this.#containers.set(containerId, container);
    this.#tell(container, 'created');
    return { containerId };
  }

  async start(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#ready(signal);
    const container = this.#get(containerId);
    if (container.observation.state === 'running') return;
    container.observation = { ...container.observation, state: 'running', exitCode: null, pid: FIRST_PID + this.#made };
    this.#tell(container, 'started');
    try {
      await this.#hooks.onStart?.(container.plan, containerId);
    } catch (error) {
      container.observation = { ...container.observation, state: 'created', pid: null };
      refuse('the program cannot be started')(error);
    }
  }

  async pause(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#ready(signal);
    this.#setPaused(containerId, true);
  }

  async resume(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#ready(signal);
    this.#setPaused(containerId, false);
  }

  async kill(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#ready(signal);
    const container = this.#containers.get(containerId);
    if (!container || !alive(container)) return;
    this.end(containerId, 137);
    await this.#hooks.onKill?.(container.plan, containerId);
  }

  async remove(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.kill(containerId, signal);
    const container = this.#containers.get(containerId);
    if (this.#containers.delete(containerId)) this.#tell(container!, 'removed');
  }

  async inspect(idOrName: string, signal?: AbortSignal): Promise<Observation | undefined> {
    await this.#ready(signal);
    return (this.#containers.get(idOrName) ?? this.#find(idOrName))?.observation;
  }

  async list(owner: Owner, signal?: AbortSignal): Promise<readonly Observation[]> {
    await this.#ready(signal);
    const all = [...this.#containers.values()].map(({ observation }) => ({ ...observation, pid: null }));
    return all.filter(({ labels }) => owns(owner, labels));
  }

  async *events(owner: Owner, signal: AbortSignal): AsyncGenerator<DriverEvent> {
    const queue = new AsyncQueue<DriverEvent>();
    const stop = () => queue.fail(signal.reason);
    this.#listeners.set(queue, owner);
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#ready(signal);
      yield* queue;
    } finally {
      this.#listeners.delete(queue);
      signal.removeEventListener('abort', stop);
    }
  }

  async removeTree(hostPath: string, signal?: AbortSignal): Promise<void> {
    await this.#ready(signal);
    await rm(hostPath, { recursive: true, force: true });
  }

  async #ready(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.outage) throw this.outage;
  }

  #setPaused(containerId: string, paused: boolean): void {
    const container = this.#containers.get(containerId);
    if (!container || !alive(container)) throw new BerthError('session-ended', `container ${containerId} does not run`);
    if ((container.observation.state === 'paused') === paused) return;
    container.observation = { ...container.observation, state: paused ? 'paused' : 'running' };
    this.#tell(container, paused ? 'paused' : 'resumed');
  }

  #find(name: string): FakeContainer | undefined {
    return [...this.#containers.values()].find(({ plan }) => plan.name === name);
  }

  #get(containerId: string): FakeContainer {
    const container = this.#containers.get(containerId);
    if (!container) throw new BerthError('create-failed', `there is no container ${containerId}`);
    return container;
  }

  #tell({ observation: { containerId, labels } }: FakeContainer, type: DriverEvent['type']): void {
    for (const [queue, owner] of this.#listeners) if (owns(owner, labels)) queue.push({ containerId, labels, type });
  }
}

const alive = ({ observation: { state } }: FakeContainer): boolean => state === 'running' || state === 'paused';

const owns = (owner: Owner, labels: ContainerLabels): boolean =>
  owner.agentId === labels.agentId && owner.stateId === labels.stateId;

const refuse =
  (message: string) =>
  (cause: unknown): never => {
    throw new BerthError('create-failed', message, { cause });
  };
