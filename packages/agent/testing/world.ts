/**
 * An agent's world without Docker: a fake driver whose containers are fake runners on real sockets, real hooks on a real scratch
 * directory, and journals that survive. In it agents live, one after another.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '@berth/base';
import { completeKernelSpec, IN_KERNEL, type CreateKernel, type KernelId, type KernelSpec, type SessionId } from '@berth/wire';
import { ScratchFiles } from '../src/files/scratch-files.js';
import { containerHook } from '../src/kernel/hooks/container.js';
import { imageHook } from '../src/kernel/hooks/image.js';
import { scratchHook } from '../src/kernel/hooks/scratch.js';
import type { KernelContext } from '../src/kernel/kernel-context.js';
import { KernelFactory } from '../src/kernel/kernel-factory.js';
import { recoverKernels, resumeKernel, type Recovered } from '../src/kernel/recovery.js';
import { KernelRegistry } from '../src/kernel/registry.js';
import { scratchLayout } from '../src/kernel/scratch-layout.js';
import { AgentKernelService } from '../src/kernel/service.js';
import { Services } from '../src/kernel/services.js';
import type { ContainerPlan } from '../src/ports/driver.js';
import type { RunnerChannel, RunnerConnector } from '../src/ports/channel.js';
import type { JournalStore } from '../src/ports/journal-store.js';
import { silentLogger } from '../src/ports/logger.js';
import { DriverHealth } from '../src/reconcile/driver-health.js';
import { Reconciler } from '../src/reconcile/reconciler.js';
import { runnerConnector } from '../src/runner-link/connector.js';
import { FakeDriver } from './fake-driver.js';
import { FakeRunner, type FakeRunnerScript } from './fake-runner.js';
import { MemoryJournals } from './memory-journals.js';
import { T0 } from './model.js';
import { Life } from './mortal.js';

const OWNER = { agentId: 'i-1', stateId: 's1', namespace: 'tests' };

/** A request for a kernel of the fake image. */
export function someRequest(id = 'k1', spec: Partial<KernelSpec> = {}): CreateKernel {
  return { kernelId: id as KernelId, sessionId: id as SessionId, spec: completeKernelSpec({ image: 'fake', ...spec }) };
}

/** One life of an agent. */
export interface LivingAgent {
  readonly life: Life;
  readonly service: AgentKernelService;
  readonly registry: KernelRegistry;
  readonly reconciler: Reconciler;
  readonly health: DriverHealth;
  readonly recovered: Recovered;
  /** Resolves when every kernel of an earlier life was looked at and taken up again. */
  readonly resumed: Promise<unknown>;
  tick(): Promise<void>;
  /** As `kill -9`. */
  kill(): void;
  /** As `berth down`. */
  stop(): Promise<void>;
}

export class World {
  readonly journals = new MemoryJournals();
  readonly driver: FakeDriver;
  /** Living runners by kernel. */
  readonly runners = new Map<string, FakeRunner>();
  /** What runners that are started from now on do. */
  script: FakeRunnerScript = {};
  /** The hands of the clock; timers follow the machine's. */
  now = T0;
  /** Boot id of the machine. */
  boot = 'boot-1';
  readonly scratchRoot: string;
  readonly #directory: string;
  readonly #agents: LivingAgent[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
    this.scratchRoot = join(directory, 'scratch');
    this.driver = new FakeDriver({
      onStart: (plan, containerId) => this.#startRunner(plan, containerId),
      onKill: (plan) => this.#stopRunner(plan.labels.kernelId),
    });
  }

  static async make(): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'world-')));
    await mkdir(world.scratchRoot);
    return world;
  }

  /** An agent on what earlier ones left. */
  async agent(prepare: (life: Life) => void = () => {}): Promise<LivingAgent> {
    const life = new Life();
    prepare(life);
    const { context, channels } = this.#context(life);
    const registry = new KernelRegistry(() => this.now);
    const user = { uid: process.getuid!(), gid: process.getgid!() };
    const factory = new KernelFactory(context, registry, user, 'carry');
    const recovery = context.journals.load().then((stored) => recoverKernels(stored, context.journals, factory, silentLogger));
    const recovered = await Promise.race([recovery, life.over]);
    if (!recovered) throw new Error('this life ended while it began');
    const files = new ScratchFiles((facts) => scratchLayout(this.scratchRoot, facts).work);
    const health = new DriverHealth();
    const { driver, clock, logger } = context;
    const agent: LivingAgent = {
      life,
      registry,
      recovered,
      health,
      service: new AgentKernelService(registry, factory, files, new Services(driver, clock)),
      reconciler: new Reconciler({
        driver,
        owner: OWNER,
        kernels: registry,
        setAside: recovered.setAside,
        health,
        clock,
        logger,
      }),
      resumed: Promise.all(recovered.actors.map(resumeKernel)),
      tick: async () => void (await Promise.all(registry.actors().map((actor) => actor.post({ type: 'tick' })))),
      kill: () => {
        life.end();
        for (const channel of channels) channel.close();
      },
      stop: async () => void (await Promise.all(registry.actors().map((actor) => actor.detach()))),
    };
    this.#agents.push(agent);
    return agent;
  }

  /** The container of a kernel ends by itself. */
  async containerEnds(kernelId: string, exitCode: number, how?: { readonly oomKilled: boolean }): Promise<void> {
    const { containerId } = (await this.driver.list(OWNER)).find(({ labels }) => labels.kernelId === kernelId)!;
    this.driver.end(containerId, exitCode, how);
    await this.#stopRunner(kernelId);
  }

  /** All that is left of kernels: containers, runners, directories, journals. */
  async leftovers(): Promise<Record<string, readonly string[]>> {
    return {
      containers: (await this.driver.list(OWNER)).map(({ name }) => name),
      runners: [...this.runners.keys()],
      scratch: await readdir(this.scratchRoot),
      journals: [...this.journals.files.keys()],
    };
  }

  async dispose(): Promise<void> {
    for (const agent of this.#agents) agent.kill();
    for (const runner of this.runners.values()) await runner.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #context(life: Life): { readonly context: KernelContext; readonly channels: readonly RunnerChannel[] } {
    const driver = life.mortal(this.driver, 'driver');
    const channels: RunnerChannel[] = [];
    const connector: RunnerConnector = {
      async connect(target, signal) {
        const channel = await runnerConnector.connect(target, signal);
        channels.push(channel);
        return channel;
      },
    };
    const clock: Clock = { ...systemClock, now: () => this.now };
    const carry = { path: this.#directory, hostsFile: '/etc/hosts', command: () => ['runner'] };
    const hooks = [imageHook(driver), scratchHook(this.scratchRoot, driver), containerHook(driver, OWNER, carry)];
    const context: KernelContext = {
      driver,
      connector: life.mortal(connector, 'connector'),
      hooks: hooks.map((hook) => life.mortal(hook, hook.name)),
      owner: OWNER,
      clock,
      logger: silentLogger,
      scratchRoot: this.scratchRoot,
      journals: this.#journals(life),
      boot: this.boot,
      agentId: OWNER.agentId,
      epoch: this.#agents.length + 1,
    };
    return { context, channels };
  }

  #journals(life: Life): JournalStore {
    const store = life.mortal(this.journals, 'journals');
    return {
      create: async (id) => life.mortal(await store.create(id), 'journal'),
      async load() {
        const { found, unusable } = await store.load();
        return { found: found.map((f) => ({ ...f, journal: life.mortal(f.journal, 'journal') })), unusable };
      },
      remove: (id) => store.remove(id),
    };
  }

  async #startRunner({ labels, mounts }: ContainerPlan, containerId: string): Promise<void> {
    const { kernelId, incarnation } = labels;
    const directory = mounts.find(({ target }) => target === IN_KERNEL.run)!.source;
    const onShutdown = (): void => {
      this.driver.end(containerId, 0);
      void this.#stopRunner(kernelId);
    };
    this.runners.set(
      kernelId,
      await FakeRunner.start(directory, { kernel: kernelId, incarnation }, { onShutdown, ...this.script }),
    );
  }

  async #stopRunner(kernelId: string): Promise<void> {
    const runner = this.runners.get(kernelId);
    this.runners.delete(kernelId);
    await runner?.stop();
  }
}

export const NOTHING_LEFT = { containers: [], runners: [], scratch: [], journals: [] };
