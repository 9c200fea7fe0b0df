/** A node in this process: agent, gateway, and what the data directory holds. */
import { OwnedTasks, sleep, systemClock } from '@berth/base';
import { startGateway } from '@berth/gateway';
import type { LinkView, NodeView } from '@berth/wire';
import { pino } from 'pino';
import { startAgent, type Agent, type AgentConfig, type AgentParts } from '../agent.js';
import { parseListen, type NodeSettings } from '../config/settings.js';
import { isPassedThrough } from '../node/passable.js';
import type { Logger } from '../ports/logger.js';
import { dataLayout, makeDataDirectory, removeNodeFile, takeKey, writeNodeFile } from './data-directory.js';
import { untilUnused } from './ephemeral.js';
import { lockDirectory } from './lock.js';
import { VERSION } from './version.js';

export interface UpOptions {
  readonly settings: NodeSettings;
  /** `HOST:PORT`; port 0 takes any. */
  readonly listen: string;
  /** Ends by itself soon after its last session. */
  readonly ephemeral: boolean;
  /** Another front beside the gateway: the link to a manager. */
  readonly front?: Front;
  /** Where kernels' directories go; absent: below the data directory. */
  readonly scratchRoot?: string;
  /** Default `local`. */
  readonly namespace?: string;
  /** See {@link AgentConfig}. */
  readonly ownEntry?: AgentConfig['ownEntry'];
  /** Absent: JSON lines on standard error. */
  readonly logger?: Logger;
  /** Replacements for tests. */
  readonly parts?: AgentParts;
}

export interface Front {
  /** See {@link AgentConfig}. */
  readonly hooks: NonNullable<AgentConfig['hooks']>;
  /** Called once the agent serves; what it rejects with ends the start. */
  start(agent: Agent): Promise<{ stop(): Promise<void>; links(): readonly LinkView[] }>;
}

/** A node that serves. */
export interface RunningNode {
  readonly view: () => NodeView;
  /** Sessions live on unless `terminate`. Idempotent; the first call decides. */
  stop(options: { readonly terminate: boolean }): Promise<void>;
  /** Resolves when the node has stopped, for whatever reason. */
  readonly stopped: Promise<void>;
}

/** A stop without terminate takes no longer, whatever hangs. */
const STOP_PATIENCE_MS = 4000;

/**
 * Starts a node and resolves when it serves. Errors: bad-usage, state-unwritable, data-dir-locked, port-in-use, driver-*,
 * bad-config; nothing is left then.
 */
export async function up(options: UpOptions): Promise<RunningNode> {
  const { settings, listen, ephemeral, parts, front } = options;
  const address = parseListen(listen);
  const layout = dataLayout(settings.dataDir);
  const unmake = await makeDataDirectory(layout, { passable: isPassedThrough(settings.isolation) });
  const lock = await lockDirectory(layout.root);
  const logger = options.logger ?? pino({ level: settings.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  let finish!: () => void;
  const stopped = new Promise<void>((resolve) => (finish = resolve));
  let stopping: Promise<void> | undefined;
  try {
    // Of an earlier life that ended without a stop: it must not lead anybody to a wrong endpoint.
    await removeNodeFile(layout);
    const key = await takeKey(layout);
    const agent = await startAgent(
      {
        stateDirectory: layout.state,
        scratchRoot: options.scratchRoot ?? layout.scratch,
        carryDirectory: layout.carry,
        namespace: options.namespace ?? 'local',
        ...(options.ownEntry ? { ownEntry: options.ownEntry } : {}),
        docker: settings.docker,
        ...(settings.driver ? { driver: settings.driver } : {}),
        ...(settings.isolation ? { isolation: settings.isolation } : {}),
        ...(settings.bubblewrap ? { bubblewrap: settings.bubblewrap } : {}),
        logger,
        ...(front ? { hooks: front.hooks } : {}),
      },
      parts,
    );
    const tasks = new OwnedTasks((task, error) => logger.error({ task, err: error }, 'a task of the node failed'));
    const startedAt = systemClock.now();
    // Asked for while the front still starts.
    let link: Awaited<ReturnType<Front['start']>> | undefined = undefined;
    const view = (): NodeView => ({
      running: true,
      pid: process.pid,
      version: VERSION,
      endpoint: gateway.endpoint,
      driver: agent.driver.name,
      driverReason: agent.driver.reason,
      isolation: agent.driver.isolation,
      missing: agent.driver.missing,
      driverState: agent.driver.state().ok ? 'ok' : 'unreachable',
      driverDetail: agent.driver.state().detail,
      links: link?.links() ?? [],
      dataDir: settings.dataDir,
      sessions: agent.service.listKernels().length,
      startedAt,
      ephemeral,
    });
    const stop = (options: { readonly terminate: boolean }): Promise<void> => (stopping ??= stopOnce(options.terminate));
    const gateway = await startGateway({
      service: agent.service,
      node: { view, stop },
      key,
      ...address,
      onDefect: (error) => logger.error({ err: error }, 'a request failed'),
    }).catch(async (error: unknown) => {
      await agent.stop({ terminate: false });
      throw error;
    });
    link = await front?.start(agent).catch(async (error: unknown) => {
      await gateway.close();
      await agent.stop({ terminate: false });
      throw error;
    });
    const stopOnce = async (terminate: boolean): Promise<void> => {
      logger.info({ terminate }, 'the node stops');
      const all = (async () => {
        // First, so that nobody is told of the end of what lives on.
        const closeFronts = () => Promise.all([link?.stop(), gateway.close()]);
        if (!terminate) await closeFronts();
        await agent.stop({ terminate });
        if (terminate) await closeFronts();
      })();
      await (terminate ? all : Promise.race([all, sleep(STOP_PATIENCE_MS)]));
      await removeNodeFile(layout);
      lock.release();
      finish();
      // Not awaited: it waits for the task that may have called us.
      void tasks.stop();
    };
    await writeNodeFile(layout, { pid: process.pid, endpoint: gateway.endpoint, startedAt, ephemeral });
    const { name: driver, reason } = agent.driver;
    logger.info({ endpoint: gateway.endpoint, dataDir: settings.dataDir, driver, reason }, 'the node serves');
    if (ephemeral) {
      tasks.start('end when unused', async (signal) => {
        await untilUnused(agent.service, signal);
        await stop({ terminate: false });
      });
    }
    return { view, stop, stopped };
  } catch (error) {
    lock.release();
    await unmake();
    throw error;
  }
}
