import { KeyedMailbox, sleep, systemClock } from '@berth/base';
import { BerthError } from '@berth/wire';
import type {
  ContainerLabels,
  ContainerPlan,
  Driver,
  DriverEvent,
  DriverInfo,
  ImageFacts,
  Isolation,
  LocalImage,
  Observation,
} from '../../ports/driver.js';
import { endLife, killLife } from './end.js';
import { Announcer, type Owner } from './events.js';
import { bubblewrapLauncher } from './bubblewrap-launcher.js';
import { cannotPull, HOST_LISTED } from './images.js';
import type { Ground, Launcher } from './launcher.js';
import { isRunning, lifeOf, observationOf, type Life } from './observe.js';
import { isPaused, pauseLife } from './pause.js';
import { Records, sameLabels } from './records.js';
import { plainLauncher } from './plain/launcher.js';
import { begin, untilUp } from './spawn.js';

export interface SandboxTarget {
  /** What this driver knows is below it; it must outlive restarts. Absolute. */
  readonly directory: string;
  /** Directories that no root file system may hold. */
  readonly secrets?: readonly string[];
  /** Where bubblewrap may be; default: where packages put it. */
  readonly programs?: readonly string[];
  /** `none`: plain processes instead of sandboxes. Never the default. */
  readonly isolation?: Isolation;
}

/** Between two looks at sandboxes that an earlier life started: nobody tells us of their end. */
const WATCH_MS = 250;

/** The driver port on processes of this machine, with no engine between: in sandboxes by bubblewrap, or kept from nothing. */
export class SandboxDriver implements Driver {
  readonly name: string;
  readonly isolation: Isolation | undefined;
  readonly runnerArguments: readonly string[] | undefined;
  readonly #target: SandboxTarget;
  readonly #records: Records;
  readonly #launcher: Launcher;
  readonly #announcer = new Announcer();
  /** What changes one sandbox goes one after another. */
  readonly #mailbox = new KeyedMailbox();
  #ground: Promise<Ground> | undefined;

  constructor(target: SandboxTarget) {
    this.#target = target;
    this.#records = new Records(target.directory);
    const maker = { uid: process.getuid!(), gid: process.getgid!() };
    this.#launcher = target.isolation === 'none' ? plainLauncher(maker) : bubblewrapLauncher(maker, target.programs);
    this.name = this.#launcher.name;
    this.isolation = this.#launcher.isolation;
    this.runnerArguments = this.#launcher.runnerArguments;
  }

  async probe(signal?: AbortSignal): Promise<DriverInfo> {
    signal?.throwIfAborted();
    return (await this.#found()).info;
  }

  async resolveImage(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
    signal?.throwIfAborted();
    return this.#launcher.resolveImage(reference, [this.#target.directory, ...(this.#target.secrets ?? [])]);
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
    await (await this.#found()).refuse(plan);
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

  pause(containerId: string, signal?: AbortSignal): Promise<void> {
    return this.#pause(containerId, true, signal);
  }

  resume(containerId: string, signal?: AbortSignal): Promise<void> {
    return this.#pause(containerId, false, signal);
  }

  async kill(containerId: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const life = await lifeOf(this.#records, containerId);
    if (life) await this.#kill(containerId, life);
  }

  remove(containerId: string, signal?: AbortSignal): Promise<void> {
    return this.#mailbox.post(containerId, async () => {
      signal?.throwIfAborted();
      const life = await lifeOf(this.#records, containerId);
      if (!life) return;
      await this.#kill(containerId, life);
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
    await (await this.#found()).removeTree(hostPath, signal);
  }

  #pause(containerId: string, paused: boolean, signal?: AbortSignal): Promise<void> {
    return this.#mailbox.post(containerId, async () => {
      signal?.throwIfAborted();
      const life = await lifeOf(this.#records, containerId);
      if (!life || !isRunning(life)) throw new BerthError('session-ended', `the sandbox ${containerId} does not run`);
      const { groups } = await this.#found();
      const own = groups.of(containerId, life.plan);
      if ((await isPaused(life, groups, own)) === paused) return;
      await pauseLife(life, paused, groups, own);
      this.#announcer.tell(paused ? 'paused' : 'resumed', containerId, life.plan.labels);
    });
  }

  async #kill(containerId: string, life: Life): Promise<void> {
    await killLife(life);
    const { groups } = await this.#found();
    // What is frozen dies when it thaws, and not before (version 1).
    await groups.freeze(groups.of(containerId, life.plan), false).catch(() => {});
  }

  /** Looks once; after a failure again. */
  #found(): Promise<Ground> {
    this.#ground ??= this.#find();
    return this.#ground;
  }

  async #find(): Promise<Ground> {
    try {
      const ground = await this.#launcher.find();
      await this.#records.tidy();
      return ground;
    } catch (error) {
      this.#ground = undefined;
      throw error;
    }
  }

  async #begin(id: string, plan: ContainerPlan, signal?: AbortSignal): Promise<void> {
    const ground = await this.#found();
    const groups = ground.groups.of(id, plan);
    // Removed with the sandbox, whatever comes of it.
    await ground.groups.make(groups);
    const launch = await ground.prepare(this.#records, id, plan, groups);
    const child = await begin({ records: this.#records, id, groups, launch });
    child.once('exit', () => this.#announcer.died(id));
    try {
      await untilUp(this.#records, id, child, launch, signal);
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
