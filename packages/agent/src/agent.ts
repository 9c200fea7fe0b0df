/** The composition root: the only file that knows every adapter. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DeadlineError, OwnedTasks, systemClock, withDeadline } from '@berth/base';
import { carryCommand, collectCarries, ensureCarry, hostsFile, type NodeSource } from '@berth/carry';
import { BerthError, toBerthError, type KernelId, type KernelService, type KernelStatistics } from '@berth/wire';
import { DockerDriver, type DockerTarget } from './adapters/docker/index.js';
import { SandboxDriver } from './adapters/sandbox/index.js';
import { kernelRunnerConnector, type RunnerAddress } from './adapters/kernel-runner/index.js';
import { scanOutput } from './files/output-scan.js';
import { openOutput } from './files/outputs/open-output.js';
import { ScratchFiles } from './files/scratch-files.js';
import { connectBySupervisor } from './kernel/connect-by-supervisor.js';
import { bySupervisor } from './kernel/hooks/by-supervisor.js';
import { configFilesHook } from './kernel/hooks/config-files.js';
import { containerHook } from './kernel/hooks/container.js';
import { imageHook } from './kernel/hooks/image.js';
import { mountsHook } from './kernel/hooks/mounts.js';
import { ownEntryContainerHook, ownEntryEnvironment, type OwnEntrySettings } from './kernel/hooks/own-entry-container.js';
import { scratchHook } from './kernel/hooks/scratch.js';
import type { LifecycleHook } from './kernel/hook.js';
import { statisticsHook } from './kernel/hooks/statistics.js';
import { openJournalDirectory } from './kernel/journal-directory.js';
import type { KernelContext } from './kernel/kernel-context.js';
import type { KernelActor } from './kernel/kernel-actor.js';
import { KernelFactory } from './kernel/kernel-factory.js';
import { recoverKernels, resumeKernel } from './kernel/recovery.js';
import { KernelRegistry } from './kernel/registry.js';
import { scratchLayout } from './kernel/scratch-layout.js';
import { AgentKernelService } from './kernel/service.js';
import { Services } from './kernel/services.js';
import { containerName } from './model/facts.js';
import { RUNNER_PORTS } from './model/runner-ports.js';
import type { ChannelTarget } from './ports/channel.js';
import { chooseDriver } from './node/driver-choice.js';
import { driverOfState, keepDriver } from './node/driver-of-state.js';
import { bootId, takeIdentity } from './node/identity.js';
import { isPassedThrough, makePassable } from './node/passable.js';
import type { KernelToSample } from './node/statistics/sampled-kernel.js';
import { StatisticsSampler } from './node/statistics/sampler.js';
import {
  DRIVER_NAMES,
  type Driver,
  type DriverInfo,
  type DriverName,
  type Isolation,
  type WantedDriver,
} from './ports/driver.js';
import type { JournalStore } from './ports/journal-store.js';
import type { Logger } from './ports/logger.js';
import { DriverHealth, type DriverState } from './reconcile/driver-health.js';
import { Reconciler } from './reconcile/reconciler.js';
import { runnerConnector } from './runner-link/connector.js';

/** Everything an agent must be told. Paths are absolute. */
export interface AgentConfig {
  /** Journals and identity; must outlive restarts. */
  readonly stateDirectory: string;
  /** One directory per kernel below it. */
  readonly scratchRoot: string;
  /** Carries, shared by all kernels and agents of this machine. */
  readonly carryDirectory: string;
  /** The Node that new kernels are given; absent: the one that this process runs on. */
  readonly node?: NodeSource;
  /** Goes into container labels; two agents with different namespaces may share a Docker. */
  readonly namespace: string;
  readonly docker: DockerTarget;
  /** What makes containers; default `docker`. With `auto` sessions that wait keep theirs. */
  readonly driver?: WantedDriver;
  /** `none`: plain processes, whatever `driver` says. Default `sandboxed`. */
  readonly isolation?: Isolation;
  /** The program of sandboxes, absolute; absent: where packages put it. */
  readonly bubblewrap?: string;
  /** About kernels that bring their own runner. */
  readonly ownEntry?: OwnEntrySettings;
  readonly logger: Logger;
  /** Hooks of a front: acquired before all others, released after them. */
  readonly hooks?: (tools: FrontTools) => readonly LifecycleHook[];
}

/** What hooks of a front may ask while kernels end. */
export interface FrontTools {
  /** The newest sample of a kernel; null when there never was one. */
  statistics(id: KernelId): KernelStatistics | null;
}

/** Replacements for tests: what is not given is the real thing. */
export interface AgentParts {
  readonly driver?: Driver;
  readonly journals?: (real: JournalStore) => JournalStore;
}

export interface Agent {
  readonly service: KernelService;
  readonly driver: {
    readonly name: string;
    /** Why it was taken: a clause for people, which follows the word `as`. */
    readonly reason: string;
    readonly isolation: Isolation;
    /** Limits that it cannot hold here, a sentence each; empty while it was never reached. */
    readonly missing: readonly string[];
    state(): DriverState;
    probe(signal?: AbortSignal): Promise<DriverInfo>;
  };
  /** Images of this node, for fronts that tell of them. */
  readonly images: Pick<Driver, 'listImages'>;
  /** Files below `.output` of a kernel's /home/work; none for a kernel that is gone. */
  scanOutput(id: KernelId): ReturnType<typeof scanOutput>;
  /** One of them, for reading. Errors: `no-such-session`, `no-such-file`, `unsafe-path`. */
  openOutput(id: KernelId, name: string): ReturnType<typeof openOutput>;
  /** Ports that a kernel of an image with its own runner has on this machine, by container port; none for others. */
  publishedPorts(id: KernelId): Promise<Readonly<Record<number, { readonly host: string; readonly port: number }>>>;
  /** Lets go of everything in this process. Kernels live on, unless `terminate`: then they are ended first. */
  stop(options: { readonly terminate: boolean }): Promise<void>;
}

/** How long a start waits for looks at the containers of an earlier life; they go on behind it. */
const RECOVERY_PATIENCE_MS = 2000;
/** A Docker that is there answers at once; a node that has another way does not wait for one that hangs. */
const DRIVER_PATIENCE_MS: Readonly<Record<DriverName, number>> = { docker: 1000, sandbox: 30_000 };

/** Errors: `driver-unavailable` or `driver-forbidden` (only when no kernels wait to be taken over), `state-unwritable`, `bad-config`. */
export async function startAgent(config: AgentConfig, parts: AgentParts = {}): Promise<Agent> {
  const { logger } = config;
  await makeDirectories(config);
  const boot = await bootId();
  const identity = await takeIdentity(config.stateDirectory);
  const realJournals = await openJournalDirectory(join(config.stateDirectory, 'kernels'), boot);
  const journals = parts.journals?.(realJournals) ?? realJournals;
  const stored = await journals.load();
  const kernelsWait = stored.found.length > 0;
  const { driver, reason } = parts.driver
    ? { driver: parts.driver, reason: 'it was given' }
    : await takeDriver(config, kernelsWait);
  const health = new DriverHealth();
  const missing = await probe(driver, health, kernelsWait, logger);
  const carry = await ensureCarry({ cacheDir: config.carryDirectory, ...config.node });

  const files = new ScratchFiles((facts) => scratchLayout(config.scratchRoot, facts).work);
  const owner = { agentId: identity.agentId, stateId: identity.stateId, namespace: config.namespace };
  // Empty until the registry is there, and nothing is asked before.
  let toSample = (): readonly KernelToSample[] => [];
  const sampler = new StatisticsSampler({ kernels: () => toSample(), driver, clock: systemClock, logger });
  const statistics = (id: KernelId): KernelStatistics | null => sampler.latest(id) ?? null;
  const context: KernelContext = {
    driver,
    connector: connectBySupervisor({
      berth: runnerConnector,
      'kernel-runner': kernelRunnerConnector({ addressOf: (target, signal) => runnerAddress(driver, target, signal) }),
    }),
    hooks: [
      ...(config.hooks?.({ statistics }) ?? []),
      imageHook(driver),
      scratchHook(config.scratchRoot, driver),
      mountsHook((facts, path) => files.makeMountPoint(facts, path)),
      bySupervisor('config files', {
        berth: null,
        'kernel-runner': configFilesHook({
          scratchRoot: config.scratchRoot,
          makeMountPoint: (facts, path) => files.makeMountPoint(facts, path),
          environment: ownEntryEnvironment,
          logger,
        }),
      }),
      bySupervisor('container', {
        berth: containerHook(driver, owner, {
          path: carry.path,
          hostsFile: hostsFile(carry),
          command: (id, incarnation) => [...carryCommand(carry, id, incarnation), ...(driver.runnerArguments ?? [])],
        }),
        'kernel-runner': ownEntryContainerHook(driver, owner, config.ownEntry ?? {}),
      }),
      statisticsHook(sampler),
    ],
    owner,
    clock: systemClock,
    logger,
    scratchRoot: config.scratchRoot,
    journals,
    boot,
    agentId: identity.agentId,
    epoch: identity.epoch,
  };
  const registry = new KernelRegistry(() => context.clock.now());
  toSample = () =>
    registry.actors().map(({ state: { facts, containerId } }) => ({
      kernelId: facts.kernelId,
      incarnation: facts.incarnation,
      containerId,
      workDirectory: scratchLayout(config.scratchRoot, facts).work,
    }));
  const user = { uid: process.getuid!(), gid: process.getgid!() };
  const factory = new KernelFactory(context, registry, user, carry.id);
  const recovered = await recoverKernels(stored, journals, factory, logger);
  await removeHalfUploads(recovered.actors, files, logger);

  const tasks = new OwnedTasks((name, error) => logger.error({ task: name, err: error }, 'a task of the agent failed'));
  const reconciler = new Reconciler({
    driver,
    owner,
    kernels: registry,
    setAside: recovered.setAside,
    health,
    clock: context.clock,
    logger,
  });
  const resumed = Promise.all(recovered.actors.map(resumeKernel));
  await withDeadline('recovery', RECOVERY_PATIENCE_MS, () => resumed).catch((error: unknown) =>
    logger.warn({ err: error }, 'recovery goes on'),
  );
  tasks.start('relist', (signal) => reconciler.keepRelisting(signal));
  tasks.start('driver events', (signal) => reconciler.followEvents(signal));
  tasks.start('tick', (signal) => reconciler.keepTicking(signal));
  tasks.start('statistics', (signal) => sampler.keepSampling(signal));
  const usedCarries = new Set([carry.id, ...registry.actors().map((actor) => actor.state.facts.carryId)]);
  tasks.start('old carries', async () => void (await collectCarries(config.carryDirectory, usedCarries)));

  const service = new AgentKernelService(registry, factory, files, new Services(driver, systemClock), statistics);
  return {
    service,
    driver: {
      name: driver.name,
      reason,
      isolation: driver.isolation ?? 'sandboxed',
      missing,
      state: () => health.state,
      probe: (signal) => driver.probe(signal),
    },
    images: driver,
    scanOutput: async (id) => {
      const facts = registry.find(id)?.state.facts;
      return facts ? scanOutput(scratchLayout(config.scratchRoot, facts).work) : new Map();
    },
    openOutput: async (id, name) => {
      const facts = registry.find(id)?.state.facts;
      if (!facts) throw new BerthError('no-such-session', `there is no session ${id}`);
      return openOutput(scratchLayout(config.scratchRoot, facts).work, name);
    },
    async publishedPorts(id) {
      const containerId = registry.find(id)?.state.containerId;
      return (containerId && (await driver.inspect(containerId))?.ports) || {};
    },
    async stop({ terminate }) {
      if (terminate)
        await Promise.all(
          registry.actors().map((actor) => service.destroyKernel(actor.state.facts.kernelId, { reason: 'node-shutdown' })),
        );
      await tasks.stop();
      await Promise.all(registry.actors().map((actor) => actor.detach()));
    },
  };
}

/** Of an agent that was killed. Before anybody can upload anew. */
async function removeHalfUploads(actors: readonly KernelActor[], files: ScratchFiles, logger: Logger): Promise<void> {
  for (const { facts } of actors.map(({ state }) => state)) {
    const fields = { kernel: facts.kernelId };
    try {
      const count = await files.removeLeftovers(facts);
      if (count > 0) logger.info({ ...fields, count }, 'removed what was left of files that were half uploaded');
    } catch (error) {
      // A kernel that never got its directory has none.
      logger.debug({ ...fields, err: error }, 'half uploads could not be looked for');
    }
  }
}

/** Where Docker has published the ports of a kernel-runner; undefined while there is no running container. */
async function runnerAddress(
  driver: Pick<Driver, 'inspect'>,
  { kernelId, incarnation }: ChannelTarget,
  signal: AbortSignal,
): Promise<RunnerAddress | undefined> {
  const seen = await driver.inspect(containerName({ kernelId: kernelId as KernelId, incarnation }), signal);
  const commands = seen?.ports?.[RUNNER_PORTS.commands];
  const outputs = seen?.ports?.[RUNNER_PORTS.outputs];
  return commands && outputs && { commands, outputs };
}

async function makeDirectories(config: AgentConfig): Promise<void> {
  for (const path of [config.stateDirectory, config.scratchRoot, config.carryDirectory]) {
    try {
      await mkdir(path, { recursive: true, mode: path === config.carryDirectory ? 0o755 : 0o700 });
    } catch (error) {
      throw new BerthError('state-unwritable', `${path} cannot be made: ${(error as Error).message}`, { cause: error });
    }
  }
  if (!isPassedThrough(config.isolation)) return;
  for (const path of [config.scratchRoot, config.carryDirectory]) await makePassable(path);
}

/** Errors: `driver-*`; `bad-config` when sessions wait that another driver made. */
async function takeDriver(
  config: AgentConfig,
  kernelsWait: boolean,
): Promise<{ readonly driver: Driver; readonly reason: string }> {
  const { stateDirectory } = config;
  if (config.isolation === 'none') {
    const driver = makeSandboxDriver(config);
    await keepDriver(stateDirectory, driver.name, kernelsWait);
    return { driver, reason: 'no isolation was asked for' };
  }
  const before = kernelsWait ? await driverOfState(stateDirectory) : undefined;
  const question = { wanted: config.driver ?? 'docker', kept: DRIVER_NAMES.find((name) => name === before) };
  const made = new Map<DriverName, Driver>();
  const { driver: name, reason } = await chooseDriver(question, async (one) => {
    const driver = makeDriver(one, config);
    made.set(one, driver);
    return withDeadline('the answer of the driver', DRIVER_PATIENCE_MS[one], (signal) => driver.probe(signal)).then(
      () => null,
      (error: unknown) =>
        error instanceof DeadlineError ? new BerthError('timeout', error.message, { cause: error }) : toBerthError(error),
    );
  });
  await keepDriver(stateDirectory, name, kernelsWait);
  return { driver: made.get(name) ?? makeDriver(name, config), reason };
}

const makeDriver = (name: DriverName, config: AgentConfig): Driver =>
  name === 'docker' ? new DockerDriver(config.docker, config.logger) : makeSandboxDriver(config);

function makeSandboxDriver({ bubblewrap, isolation, stateDirectory, scratchRoot }: AgentConfig): Driver {
  return new SandboxDriver({
    directory: join(stateDirectory, 'sandboxes'),
    secrets: [stateDirectory, scratchRoot],
    ...(bubblewrap === undefined ? {} : { programs: [bubblewrap] }),
    ...(isolation === undefined ? {} : { isolation }),
  });
}

/** What it cannot limit. A node whose Docker is away may start for the sake of its kernels; with none, saying so at once is better. */
async function probe(driver: Driver, health: DriverHealth, kernelsWait: boolean, logger: Logger): Promise<readonly string[]> {
  try {
    const { missing = [] } = await driver.probe();
    for (const limit of missing) logger.warn({ driver: driver.name }, limit);
    return missing;
  } catch (error) {
    health.bad(error);
    if (!kernelsWait) throw error;
    return [];
  }
}
