import { KeyedMailbox, sleep, systemClock } from '@berth/base';
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
} from '../../ports/driver.js';
import type { Maker } from './command.js';
import { endLife, killLife } from './end.js';
import { Announcer, type Owner } from './events.js';
import { cannotPull, HOST_LISTED, resolveImage } from './images.js';
import { INNER_ARGUMENTS } from './inner.js';
import { findMachine, type Machine } from './machine.js';
import { missingLimits, UNFILTERED } from './missing.js';
import { isRunning, lifeOf, observationOf } from './observe.js';
import { Records, sameLabels } from './records.js';
import { refuseImpossible } from './refuse.js';
import { removeTree } from './remove-tree.js';
import { untilUp } from './spawn.js';
import { startSandbox } from './start.js';

export interface SandboxTarget {
  /** What this driver knows is below it; it must outlive restarts. Absolute. */
  readonly directory: string;
  /** Directories that no root file system may hold. */
  readonly secrets?: readonly string[];
  /** Where bubblewrap may be; default: where packages put it. */
  readonly programs?: readonly string[];
}

/** Between two looks at sandboxes that an earlier life started: nobody tells us of their end. */
const WATCH_MS = 250;

/** The driver port on bubblewrap: namespaces by the machine's kernel, with no engine between. */
export class SandboxDriver implements Driver {
  readonly name = 'sandbox';
  readonly runnerArguments: readonly string[];
  readonly #target: SandboxTarget;
  readonly #records: Records;
  readonly #maker: Maker = { uid: process.getuid!(), gid: process.getgid!() };
  readonly #announcer = new Announcer();
  /** What changes one sandbox goes one after another. */
  readonly #mailbox = new KeyedMailbox();
  #machine: Promise<Machine> | undefined;

  constructor(target: SandboxTarget) {
    this.#target = target;
    this.#records = new Records(target.directory);
    this.runnerArguments = this.#maker.uid === 0 ? [] : INNER_ARGUMENTS;
  }

  async probe(signal?: AbortSignal): Promise<DriverInfo> {
    signal?.throwIfAborted();
    const { bubblewrap, groups, filter } = await this.#found();
    const { uid } = this.#maker;
    return {
      description: `bubblewrap ${bubblewrap.version} (${uid === 0 ? 'as root' : `as user ${uid}`}, ${groups.description})`,
      apiVersion: bubblewrap.version,
      missing: [...missingLimits(this.#maker, groups.missing), ...(filter === undefined ? [UNFILTERED] : [])],
    };
  }

  async resolveImage(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
    signal?.throwIfAborted();
    return resolveImage(reference, [this.#target.directory, ...(this.#target.secrets ?? [])]);
  }

  async listImages(signal?: AbortSignal): Promise<readonly LocalImage[]> {
    signal?.throwIfAborted();
    return Promise.resolve([HOST_LISTED]);
  }

  pullImage(reference: string): Promise<{ readonly imageId: string }> {
    return Promise.reject(cannotPull(reference));
  }

  async create(plan: ContainerPlan, signal?: AbortSignal): Promise<{ readonly containerId: string }> {
    signal?.throwIfAborted();
    await this.#found();
    await refuseImpossible(plan);
    await this.resolveImage(plan.imageId);
    const id = this.#records.idOf(plan.name);
    return this.#mailbox.post(id, async () => {
      signal?.throwIfAborted();
      const made = await this.#records.make(plan);
      if (signal?.aborted && made) await this.#records.remove(id);
      signal?.throwIfAborted();
      const there = await this.#records.plan(id);
      if (there && !sameLabels(there.labels, plan.labels)) {
        throw new BerthError('create-failed', `the name ${plan.name} is taken by a sandbox that is not this kernel's`, {
          fields: { name: plan.name, containerId: id },
        });
      }
      if (made) this.#announcer.tell('created', id, plan.labels);
      return { containerId: id };
    });
  }

  start(containerId: string, signal?: AbortSignal): Promise<void> {
    return this.#mailbox.post(containerId, async () => {
      signal?.throwIfAborted();
      const life = await lifeOf(this.#records, containerId);
      if (!life) throw new BerthError('create-failed', `there is no sandbox ${containerId}`);
      if (isRunning(life)) return;
      if (life.started) throw new BerthError('create-failed', `the sandbox ${life.plan.name} has ended already`);
      await this.#begin(containerId, life.plan, signal);
    });
  }

  async kill(containerId: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const life = await lifeOf(this.#records, containerId);
    if (life) await killLife(life);
  }

  remove(containerId: string, signal?: AbortSignal): Promise<void> {
    return this.#mailbox.post(containerId, async () => {
      signal?.throwIfAborted();
      const life = await lifeOf(this.#records, containerId);
      if (!life) return;
      await endLife(this.#records, containerId);
      this.#announcer.died(containerId);
      const { groups } = await this.#found();
      await groups.remove(groups.of(containerId, life.plan));
      await this.#records.remove(containerId);
      this.#announcer.tell('removed', containerId, life.plan.labels);
    });
  }

  async inspect(idOrName: string, signal?: AbortSignal): Promise<Observation | undefined> {
    signal?.throwIfAborted();
    const id = this.#records.idFrom(idOrName);
    const life = await lifeOf(this.#records, id);
    if (!life) return undefined;
    if (isRunning(life)) this.#announcer.found(id, life.plan.labels);
    return observationOf(id, life, (await this.#found()).groups);
  }

  async list(owner: Owner, signal?: AbortSignal): Promise<readonly Observation[]> {
    signal?.throwIfAborted();
    const all = await Promise.all((await this.#records.ids()).map((id) => this.inspect(id, signal)));
    return all.filter((one) => one !== undefined).filter(({ labels }) => isOf(owner, labels));
  }

  async *events(owner: Owner, signal: AbortSignal): AsyncGenerator<DriverEvent> {
    signal.throwIfAborted();
    const events = this.#announcer.listen(owner, signal);
    const watching = new AbortController();
    void this.#watch(watching.signal);
    try {
      yield* events;
    } finally {
      watching.abort();
      events.stop();
    }
  }

  async removeTree(hostPath: string, signal?: AbortSignal): Promise<void> {
    await removeTree((await this.#found()).bubblewrap, this.#maker, hostPath, signal);
  }

  /** Looks once; after a failure again. */
  #found(): Promise<Machine> {
    this.#machine ??= this.#find();
    return this.#machine;
  }

  async #find(): Promise<Machine> {
    try {
      const machine = await findMachine(this.#maker, this.#target.programs);
      await this.#records.tidy();
      return machine;
    } catch (error) {
      this.#machine = undefined;
      throw error;
    }
  }

  async #begin(id: string, plan: ContainerPlan, signal?: AbortSignal): Promise<void> {
    const child = await startSandbox(this.#records, id, plan, await this.#found());
    child.once('exit', () => this.#announcer.died(id));
    try {
      await untilUp(this.#records, id, child, signal);
    } catch (error) {
      await endLife(this.#records, id);
      throw error;
    }
    this.#announcer.started(id, plan.labels);
    if (child.exitCode !== null || child.signalCode !== null) this.#announcer.died(id);
  }

  /** Notices the end of sandboxes that are nobody's children here. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const id of this.#announcer.living) {
        const life = await lifeOf(this.#records, id).catch(() => undefined);
        if (life && !isRunning(life)) this.#announcer.died(id);
      }
      await sleep(WATCH_MS, signal, systemClock).catch(() => {});
    }
  }
}

const isOf = (owner: Owner, labels: ContainerLabels): boolean =>
  labels.agentId === owner.agentId && labels.stateId === owner.stateId;
