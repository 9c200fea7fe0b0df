/** Puts together a node and its link to a manager 1.4, after all that can be wrong has been looked at. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CleanupStack, systemClock } from '@berth/base';
import { BerthError } from '@berth/wire';
import { RedisStatisticsStore } from '../adapters/redis/index.js';
import type { Agent } from '../agent.js';
import type { AgentSettings, ResolvedSettings } from '../config/agent-settings.js';
import { withEtcd } from '../config/agent-config.js';
import { debugMounts } from '../config/debug-mounts.js';
import { nameOf } from '../config/problem.js';
import { refuseUnasked } from '../config/settings.js';
import { checkPortFree, checkScratchRoot, defaultStateDirectory } from '../config/checks.js';
import { ManagerLink } from '../manager-link/v1_4/link.js';
import { noticeHook } from '../manager-link/v1_4/notice-hook.js';
import { FileQueueStore } from '../manager-link/v1_4/execute/queue-store.js';
import { NoticeStore } from '../manager-link/v1_4/notice-store.js';
import { managerSide, type SideSettings } from '../manager-link/v1_4/side.js';
import { createZapGate } from '../manager-link/transport/zap-gate.js';
import { detectIdentity, type DetectedIdentity } from '../node/cloud.js';
import { machineSources } from '../node/cloud-sources.js';
import { readHardware } from '../node/hardware.js';
import type { Coordinator } from '../ports/coordinator.js';
import type { Logger } from '../ports/logger.js';
import type { RunningAgent } from './running-agent.js';
import { banner } from './banner.js';
import { coordinatorOptions, openCoordinator } from './etcd.js';
import { lockDirectory } from './lock.js';
import { openLog } from './logging.js';
import { startOutputs } from './outputs.js';
import { up, type Front } from './up.js';
import { VERSION } from './version.js';

export interface ManagedNode {
  readonly agent: RunningAgent;
  /** Resolves when it has stopped, for whatever reason. */
  readonly stopped: Promise<void>;
}

/**
 * Starts it and resolves when it answers calls; the manager need not be there yet. Errors, each before anything is made: `scratch-unusable`,
 * `data-dir-locked`, `port-in-use`, `coordinator-unavailable`, `coordinator-forbidden`, `driver-*`, `bad-config`, `state-unwritable`.
 */
export async function startManagedNode(resolved: ResolvedSettings): Promise<ManagedNode> {
  const { settings } = resolved;
  const undo = new CleanupStack();
  try {
    if (settings.isolation === 'none') refuseUnasked(nameOf('isolation', resolved.origins.isolation));
    checkScratchRoot(settings.scratchRoot);
    await checkPortFree(settings.agentBind, settings.agentPort, 'agentPort');
    const scratchLock = await lockDirectory(settings.scratchRoot).catch((error: unknown) => {
      throw error instanceof BerthError && error.code === 'data-dir-locked' ? scratchTaken(settings) : error;
    });
    undo.add('the lock of the scratch root', () => scratchLock.release());
    const log = openLog(settings);
    undo.add('the log', () => log.close());
    for (const warning of resolved.warnings) log.logger.warn({}, warning);
    const known = { instanceId: settings.instanceId, ip: settings.agentHostOverride };
    const identity = await detectIdentity(known, settings.region, machineSources);
    const stateDirectory = settings.stateDir ?? defaultStateDirectory(settings, identity.instanceId);
    const coordinator = await openCoordinator(coordinatorOptions(settings), log.logger);
    undo.add('the connection to etcd', () => coordinator.close());
    await coordinator.probe();
    const idle = await coordinator.get('nodes/idle_timeout');
    const final = withEtcd(resolved, idle === null ? {} : { 'nodes/idle_timeout': idle }).settings;

    const notices = await NoticeStore.open(join(await made(stateDirectory), 'notices'));
    const node = await up({
      settings: {
        dataDir: stateDirectory,
        docker: settings.docker,
        isolation: settings.isolation,
        logLevel: settings.logLevel,
      },
      listen: `${bracketed(settings.listen.host)}:${settings.listen.port}`,
      ephemeral: false,
      scratchRoot: settings.scratchRoot,
      namespace: settings.namespace,
      ownEntry: {
        terminalAddress: everywhere(settings.agentBind) ? identity.ip : settings.agentBind,
        debugMounts: debugMounts(settings),
        keepDeadContainers: settings.debugSkipContainerDeletion,
      },
      logger: log.logger,
      front: await managerFront({ settings: final, identity, coordinator, notices, stateDirectory, logger: log.logger }),
    });
    const stopped = node.stopped.then(() => undo.run());
    const agent: RunningAgent = {
      instanceId: identity.instanceId,
      endpoint: node.view().endpoint,
      stop: () => node.stop({ terminate: settings.onStop === 'terminate' }),
    };
    return { agent, stopped };
  } catch (error) {
    await undo.run().catch(() => {});
    throw error;
  }
}

interface FrontParts {
  readonly settings: AgentSettings;
  readonly identity: DetectedIdentity;
  readonly coordinator: Coordinator;
  readonly notices: NoticeStore;
  readonly stateDirectory: string;
  readonly logger: Logger;
}

async function managerFront(parts: FrontParts): Promise<Front> {
  const { settings, identity, coordinator, notices, stateDirectory, logger } = parts;
  const allow = settings.managerAllow.map(({ address, prefix }) => `${address}/${prefix}`);
  const gate = await createZapGate({ allow, logger });
  const hardware = await readHardware();
  return {
    hooks: ({ statistics }) => [noticeHook(notices, statistics)],
    async start(agent: Agent) {
      const living = new Set<string>(agent.service.listKernels().map(({ kernelId }) => kernelId));
      const outputs = await startOutputs(settings, (id, name) => agent.openOutput(id, name), logger);
      const side = await managerSide({
        service: agent.service,
        queue: await FileQueueStore.open(join(stateDirectory, 'waiting-runs'), living),
        images: agent.images,
        probe: (signal) => agent.driver.probe(signal),
        scanOutput: (id) => agent.scanOutput(id),
        ...(outputs && { upload: (id, name) => outputs.upload(id, name) }),
        publishedPorts: (id) => agent.publishedPorts(id),
        hardware,
        gate,
        settings: sideSettings(settings, identity),
        clock: systemClock,
        logger,
      });
      const link = new ManagerLink({
        instanceId: identity.instanceId,
        host: identity.ip,
        heartbeat: side.heartbeat,
        bind: `tcp://${everywhere(settings.agentBind) ? '*' : bracketed(settings.agentBind)}:${settings.agentPort}`,
        gate,
        service: agent.service,
        coordinator,
        openStatisticsStore: (address) => new RedisStatisticsStore({ address, logger }),
        notices,
        clock: systemClock,
        logger,
      });
      await tellBanner(agent, identity, side.heartbeat(), logger);
      await link.start(side.of(link));
      return {
        links: () => link.states(),
        async stop() {
          await side.stop();
          await link.stop();
          await outputs?.stop();
        },
      };
    },
  };
}

function sideSettings(settings: AgentSettings, { ip, region }: DetectedIdentity): SideSettings {
  return {
    kernelHost: settings.kernelHostOverride ?? ip,
    terminalHost: everywhere(settings.agentBind) ? '*' : settings.agentBind,
    terminalPorts: settings.terminalPortRange,
    port: settings.agentPort,
    region,
    network: settings.defaultNetwork,
    idleSeconds: settings.idleTimeoutSeconds,
    execTimeoutSeconds: settings.execTimeoutSeconds,
    memoryOvercommit: settings.memoryOvercommit,
    limitCpus: settings.limitCpus,
    images: settings.images,
    kernelRunner: settings.kernelRunner,
  };
}

async function tellBanner(
  agent: Agent,
  { cloud, region, instanceId, instanceType, ip }: DetectedIdentity,
  { cores, memoryBytes }: { readonly cores: number; readonly memoryBytes: number },
  logger: Logger,
): Promise<void> {
  const docker = await agent.driver.probe().then(
    ({ description, apiVersion }) => ({ version: description.replace(/^Docker Engine | \(API .*$/g, ''), apiVersion }),
    () => undefined,
  );
  const slots = { cpu: cores, mem: `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`, gpu: 0 };
  for (const line of banner({ version: VERSION, cloud, region, instanceId, instanceType, host: ip, docker, slots }))
    logger.info({}, line);
}

const scratchTaken = ({ scratchRoot }: AgentSettings): BerthError =>
  new BerthError('data-dir-locked', `another agent uses the scratch root ${scratchRoot}`, {
    fix: 'Stop it, or give this one a directory of its own with --scratch-root (BACKEND_SCRATCH_ROOT).',
    fields: { scratchRoot },
  });

async function made(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  } catch (error) {
    throw new BerthError('state-unwritable', `${directory} cannot be made: ${(error as Error).message}`, {
      fix: 'Name a writable place with --state-dir (BERTH_STATE_DIR).',
      cause: error,
    });
  }
}

const everywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
