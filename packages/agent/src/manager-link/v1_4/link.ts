/**
 * The link to a Backend.AI manager 1.4: RPC, registration, heartbeats, events, statistics. It drives the agent through `KernelService`
 * alone; whatever becomes of manager, etcd or Redis, kernels do not notice.
 */
import { OwnedTasks, sleep, type Clock } from '@berth/base';
import type { KernelId, KernelService, LinkView } from '@berth/wire';
import type { Coordinator, HeldKeys } from '../../ports/coordinator.js';
import type { Logger } from '../../ports/logger.js';
import type { StatisticsStore } from '../../ports/statistics-store.js';
import type { Packable } from '../transport/codec.js';
import { EventSocket } from '../transport/event-socket.js';
import type { RpcMethods } from '../transport/rpc-method.js';
import { RpcServer } from '../transport/rpc-server.js';
import type { ZapGate } from '../transport/zap-gate.js';
import { HEARTBEAT_MS, heartbeatInfo, type HeartbeatFacts } from './heartbeat.js';
import { keepBusyKernels } from './idle.js';
import type { ManagedKernels } from './kernels.js';
import { followManager, NO_FACTS, parseAddress, type ManagerFacts } from './manager-view.js';
import type { NoticeStore } from './notice-store.js';
import { Notifier } from './notifier.js';
import { StatisticsPublisher, type StoreAddress } from './statistics-publisher.js';
import type { Terminals } from './terminals.js';

/** Whether the manager may take the registration for granted for so long after an agent's death, in seconds. */
const LEASE_SECONDS = 20;
const STATISTICS_MS = 1000;
const CLEAN_MS = 60_000;
/** Where virtual folders are when nobody says (seed spec 4.2). */
const DEFAULT_FOLDER_ROOT = '/mnt';

export interface ManagerLinkOptions {
  readonly instanceId: string;
  readonly host: string;
  /** What heartbeats tell; the images as they are then. */
  readonly heartbeat: () => Omit<HeartbeatFacts, 'host'>;
  /** For example `tcp://*:6001`. */
  readonly bind: string;
  readonly gate: ZapGate;
  readonly service: KernelService;
  readonly coordinator: Coordinator;
  /** Where the manager looks for statistics is known only once it says so. */
  readonly openStatisticsStore: (address: StoreAddress) => StatisticsStore;
  readonly notices: NoticeStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is made with the link in hand, since both need each other. */
export interface ManagerSide {
  readonly kernels: ManagedKernels;
  readonly terminals: Terminals;
  readonly methods: RpcMethods;
}

type EventName = 'instance_started' | 'instance_heartbeat' | 'instance_terminated' | 'kernel_creating' | 'kernel_terminated';

export class ManagerLink {
  readonly #options: ManagerLinkOptions;
  readonly #events: EventSocket;
  readonly #tasks: OwnedTasks;
  readonly #notifier: Notifier;
  readonly #publisher: StatisticsPublisher;
  #facts: ManagerFacts = NO_FACTS;
  #side: ManagerSide | undefined;
  #server: RpcServer | undefined;
  #held: HeldKeys | undefined;
  #running = false;

  constructor(options: ManagerLinkOptions) {
    const { instanceId, clock, logger, notices, service } = options;
    this.#options = options;
    this.#publisher = new StatisticsPublisher(options.openStatisticsStore);
    this.#events = new EventSocket({ instanceId, logger, clock, onConnected: () => this.#connected() });
    this.#notifier = new Notifier({
      notices,
      service,
      clock,
      logger,
      send: (args) => this.emit('kernel_terminated', args),
      publish: (id, statistics) => this.#publisher.publish(id, statistics),
    });
    this.#tasks = new OwnedTasks((name, error) => logger.error({ task: name, err: error }, 'a task of the manager link failed'));
  }

  /** Root of virtual folders as etcd has it now. */
  get folderRoot(): string {
    return this.#facts.folderRoot || DEFAULT_FOLDER_ROOT;
  }

  /** Tells the manager, now or when there is one. */
  emit(event: EventName, args: readonly Packable[]): void {
    this.#events.send(event, args, { keep: event !== 'instance_heartbeat' });
  }

  /**
   * Listens for calls, takes up the terminals of earlier lives, registers, and from then on does what a manager expects. Errors:
   * `port-in-use`, `coordinator-unavailable`, `coordinator-forbidden`; nothing is left then.
   */
  async start(side: ManagerSide): Promise<void> {
    const { bind, coordinator, gate, instanceId, logger, service, clock } = this.#options;
    this.#side = side;
    const server = new RpcServer({ bind, gate, methods: side.methods, logger, clock });
    await server.start();
    this.#server = server;
    try {
      this.#held = await coordinator.hold({ [this.#key]: 'starting' }, LEASE_SECONDS);
    } catch (error) {
      await server.stop();
      throw error;
    }
    await Promise.all(side.kernels.all().map((view) => side.terminals.adopt(view)));
    logger.info({ instanceId, rpc: server.address }, 'waiting for the manager');
    this.#tasks.start('manager', (signal) => followManager(coordinator, (facts) => this.#changed(facts), signal));
    this.#tasks.start('heartbeat', (signal) => this.#every(HEARTBEAT_MS, () => this.#heartbeat(), signal));
    this.#tasks.start('statistics', (signal) =>
      this.#every(STATISTICS_MS, () => this.#publisher.publishAll(side.kernels, service), signal),
    );
    this.#tasks.start('ends of kernels', (signal) => this.#followKernels(side.terminals, signal));
    this.#tasks.start('busy kernels', (signal) => keepBusyKernels({ kernels: side.kernels, service, clock }, signal));
    this.#tasks.start('notices', (signal) => this.#every(CLEAN_MS, () => this.#notifier.clean(), signal));
  }

  /** How the services are that the link needs, for whoever asks the node. */
  states(): readonly LinkView[] {
    const away = this.#facts.manager === null ? 'no manager has announced itself in etcd' : 'not connected for events';
    return [
      { name: 'etcd', ...this.#options.coordinator.state() },
      { name: 'redis', ...this.#publisher.state() },
      { name: 'manager', ok: this.#events.connected, detail: this.#events.connected ? '' : away },
    ];
  }

  /** Takes leave. Kernels live on. At most a few seconds, whatever hangs. */
  async stop(): Promise<void> {
    await this.#held?.release();
    await this.#server?.stop();
    // What ended just now is told yet.
    await this.#notifier.tell();
    await this.#tasks.stop();
    await this.#publisher.close();
    await this.#side?.terminals.close();
    this.#options.gate.close();
    if (this.#running) this.emit('instance_terminated', ['shutdown']);
    await this.#events.close();
  }

  get #key(): string {
    return `nodes/agents/${this.#options.instanceId}`;
  }

  #changed(facts: ManagerFacts): void {
    const { logger } = this.#options;
    const before = this.#facts;
    this.#facts = facts;
    if (facts.eventAddress !== before.eventAddress) {
      const address = facts.eventAddress === null ? undefined : parseAddress(facts.eventAddress);
      // An address that went away with its manager: what is to be told waits for the next one.
      if (address || facts.eventAddress === null)
        this.#events.moveTo(address ? `tcp://${bracketed(address.host)}:${address.port}` : null);
      else logger.error({ address: facts.eventAddress }, 'the manager gave an address for events that is none');
    }
    if (facts.redis !== before.redis && facts.redis !== null) {
      const address = parseAddress(facts.redis);
      if (address) this.#publisher.moveTo(address);
      else logger.error({ address: facts.redis }, 'the address of Redis in etcd is none');
    }
    if (facts.folderRoot === null && facts.folderRootOfGuides !== null && before.folderRootOfGuides === null) {
      logger.warn(
        { key: 'volumes/_vfroot' },
        'the root of virtual folders is set under a key that nobody reads: set volumes/_mount',
      );
    }
    if (facts.manager !== null && !this.#running) this.#managerIsThere(facts.manager);
  }

  #managerIsThere(manager: string): void {
    const { host, logger } = this.#options;
    this.#running = true;
    logger.info({ manager }, 'the manager is there');
    void this.#held?.update({ [this.#key]: 'running', [`${this.#key}/ip`]: host }).catch((error: unknown) => {
      logger.warn({ err: error }, 'the registration could not be written; it is tried again');
    });
    this.emit('instance_started', []);
    this.#heartbeat();
  }

  /** A manager that was away has forgotten nothing, but may have missed something. */
  #connected(): void {
    this.#heartbeat();
    void this.#notifier.tellAgain();
  }

  #heartbeat(): void {
    if (!this.#running) return;
    this.emit('instance_heartbeat', [heartbeatInfo({ ...this.#options.heartbeat(), host: this.#options.host })]);
  }

  async #followKernels(terminals: Terminals, signal: AbortSignal): Promise<void> {
    for await (const event of this.#options.service.events(signal)) {
      if (event.type !== 'kernel-phase' || event.phase !== 'terminated') continue;
      terminals.end(event.kernelId as KernelId);
      void this.#notifier.tell();
    }
  }

  async #every(ms: number, work: () => Promise<void> | void, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        logger.warn({ err: error }, 'a periodic task of the manager link failed; it is tried again');
      }
      await sleep(ms, signal, clock).catch(() => {});
    }
  }
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
