/** Puts the dialect together: what manages kernels, what a heartbeat tells, what can be called. */
import { OwnedTasks, type Clock } from '@berth/base';
import type { KernelId, KernelService } from '@berth/wire';
import { Admission } from '../../alloc/admission.js';
import { limitCores } from '../../alloc/cores.js';
import type { Hardware } from '../../node/hardware.js';
import { ImageList } from '../../node/images/image-list.js';
import type { Driver } from '../../ports/driver.js';
import type { Logger } from '../../ports/logger.js';
import type { ZapGate } from '../transport/zap-gate.js';
import { Executor } from './execute/executor.js';
import type { OutputScan } from './execute/options.js';
import type { QueueStore } from './execute/queue-store.js';
import type { HeartbeatFacts } from './heartbeat.js';
import { imageCatalog } from './images.js';
import { ManagedKernels, type ManagedKernelsOptions } from './kernels.js';
import type { ManagerLink, ManagerSide } from './link.js';
import { rpcMethods } from './methods.js';
import { notesOf } from './notes.js';
import { PortRange } from './port-range.js';
import { Terminals } from './terminals.js';

export interface SideOptions {
  readonly service: KernelService;
  readonly images: Pick<Driver, 'listImages'>;
  /** Runs that wait for their turn. */
  readonly queue: QueueStore;
  /** Rejects when the driver cannot be used just now. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>;
  /** Files below a kernel's `.output`, as they are now. */
  readonly scanOutput: (id: KernelId) => Promise<OutputScan>;
  /** See `ExecutorOptions`. */
  readonly upload?: (id: KernelId, name: string) => Promise<string | undefined>;
  readonly publishedPorts: ManagedKernelsOptions['publishedPorts'];
  readonly hardware: Hardware;
  readonly gate: ZapGate;
  readonly settings: SideSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the operator has decided. */
export interface SideSettings {
  readonly kernelHost: string;
  /** Address for terminals to bind, or `*`. */
  readonly terminalHost: string;
  readonly terminalPorts: { readonly first: number; readonly last: number };
  readonly port: number;
  readonly region: string;
  readonly network: 'none' | 'bridge' | 'host';
  readonly idleSeconds: number | null;
  readonly execTimeoutSeconds: number | null | undefined;
  readonly memoryOvercommit: number;
  /** Cores that may be used; undefined: all. */
  readonly limitCpus: readonly number[] | undefined;
  readonly images: ReadonlyMap<string, string>;
  /** Images with a runner of 2018 of their own. */
  readonly kernelRunner: readonly string[];
}

export interface Side {
  readonly heartbeat: () => Omit<HeartbeatFacts, 'host'>;
  /** Both need each other. */
  of(link: Pick<ManagerLink, 'emit' | 'folderRoot'>): ManagerSide;
  stop(): Promise<void>;
}

/** Looks once at the images, so that the first heartbeat tells of them. */
export async function managerSide(options: SideOptions): Promise<Side> {
  const { service, hardware, gate, settings, clock, logger } = options;
  const tasks = new OwnedTasks((name, error) => logger.error({ task: name, err: error }, 'a task of the manager link failed'));
  const list = new ImageList({ driver: options.images, configured: settings.images, logger, clock });
  await list.refresh().catch((error: unknown) => logger.warn({ err: error }, 'images cannot be listed yet'));
  tasks.start('images', (signal) => list.follow(signal).catch(() => {}));
  const catalog = imageCatalog(list, settings.kernelRunner);
  const nodes = limitCores(hardware.nodes, settings.limitCpus);
  const cores = nodes.flatMap((node) => node.cores);
  const promised = { nodes, memoryBytes: Math.floor(hardware.memoryBytes * settings.memoryOvercommit) };
  const { first, last } = settings.terminalPorts;
  const host = settings.terminalHost;
  const terminals = new Terminals({ service, gate, host, ports: new PortRange(first, last), clock, logger });
  let executor: Executor | undefined;
  return {
    heartbeat: () => ({
      port: settings.port,
      region: settings.region,
      memoryBytes: hardware.memoryBytes,
      cores: cores.length,
      images: catalog.all(),
    }),
    of(link) {
      const kernels = new ManagedKernels({
        service,
        admission: new Admission(promised, () => service.listKernels()),
        nodes,
        images: catalog,
        probe: options.probe,
        terminals,
        kernelHost: settings.kernelHost,
        publishedPorts: options.publishedPorts,
        defaults: () => ({ ...settings, uid: process.getuid!() }),
        folderRoot: () => link.folderRoot,
        emit: (event, args) => link.emit(event, args),
        clock,
        logger,
      });
      executor = new Executor({
        service,
        clock,
        logger,
        unknownKernel: (id) => link.emit('kernel_terminated', [id, 'self-terminated', null]),
        execTimeout: (id) => void service.destroyKernel(id, { graceMs: 0, reason: 'exec-timeout' }).catch(() => {}),
        terminalOf: ({ kernelId, spec }) =>
          notesOf(spec)?.terminal ? { resize: (size) => terminals.resize(kernelId, size), ping() {} } : undefined,
        queue: options.queue,
        scanOutput: options.scanOutput,
        ...(options.upload && { upload: options.upload }),
      });
      const running = executor;
      tasks.start('runs of earlier lives', async () => {
        await Promise.allSettled(kernels.all().map(({ kernelId }) => running.adopt(kernelId)));
      });
      return { kernels, terminals, methods: rpcMethods({ service, kernels, executor }) };
    },
    async stop() {
      await executor?.stop();
      await tasks.stop();
    },
  };
}
