/** Kernels as the manager makes and ends them (seed spec 5.3, 5.4, 8). */
import { DeadlineError, withDeadline, type Clock } from '@berth/base';
import { BerthError, isId, type KernelId, type KernelService, type KernelView, type SessionId } from '@berth/wire';
import type { Admission } from '../../alloc/admission.js';
import type { NumaNode } from '../../alloc/cores.js';
import { RUNNER_PORTS } from '../../model/runner-ports.js';
import type { Logger } from '../../ports/logger.js';
import type { Packable } from '../transport/codec.js';
import { RpcError } from '../transport/rpc-error.js';
import { parseCreateRequest, type CreateRequest } from './create-request.js';
import { folderMounts } from './folders.js';
import type { ImageCatalog, SchedulableImage } from './images.js';
import { notesOf } from './notes.js';
import { specOf, wishOf, type KernelDefaults } from './plan-kernel.js';
import { resourceSpec } from './resource-spec.js';
import { toStatisticsMap } from './statistics-hash.js';
import type { Terminals } from './terminals.js';

export interface ManagedKernelsOptions {
  readonly service: KernelService;
  readonly admission: Admission;
  readonly nodes: readonly NumaNode[];
  readonly images: ImageCatalog;
  /** Rejects when kernels cannot be made just now. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>;
  readonly terminals: Terminals;
  /** Ports on this machine of a kernel that brings its own runner, by container port. */
  readonly publishedPorts: (id: KernelId) => Promise<Readonly<Record<number, { readonly port: number }>>>;
  /** Host that managers are told for kernel ports. */
  readonly kernelHost: string;
  readonly defaults: () => KernelDefaults;
  /** Root of virtual folders, as etcd has it now. */
  readonly folderRoot: () => string;
  readonly emit: (event: 'kernel_creating' | 'kernel_terminated', args: readonly Packable[]) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The manager waits for 3 s, and takes a kernel for failed then: so must we. */
const CREATE_MS = 2700;
/** A driver that needs longer to say that it is there makes no kernel in time. */
const PROBE_MS = 1000;
/** The manager waits for 10 s; what the end of a kernel still needs goes on behind the answer. */
const DESTROY_MS = 8000;
/** With our runner nothing listens for REPL traffic, and the manager never connects to it: it only stores two numbers. */
const NO_PORT = 0;

export class ManagedKernels {
  readonly #options: ManagedKernelsOptions;

  constructor(options: ManagedKernelsOptions) {
    this.#options = options;
  }

  /** The kernel if it lives and is this manager's. */
  find(id: string): KernelView | undefined {
    return this.all().find(({ kernelId }) => kernelId === id);
  }

  /** Living kernels of this manager. */
  all(): readonly KernelView[] {
    return this.#options.service.listKernels().filter(({ spec }) => notesOf(spec) !== undefined);
  }

  /** Tells the manager that there is no such kernel, so that it frees what it counts for it; then refuses. */
  refuseUnknown(id: string): never {
    this.#options.emit('kernel_terminated', [id, 'self-terminated', null]);
    throw new RpcError('builtins.RuntimeError', `there is no kernel ${JSON.stringify(id)} on this agent`);
  }

  /** Answers within the manager's patience: with a kernel, or with an error after which nothing is left. */
  async create(id: string, config: unknown, caller: AbortSignal): Promise<Packable> {
    if (!isId(id)) throw new RpcError('builtins.ValueError', `kernel_id is ${JSON.stringify(id)}: it must be a UUID`);
    const kernelId = id as KernelId;
    const existing = this.find(id);
    if (existing?.phase === 'running') return await this.#created(existing);
    try {
      const request = parseCreateRequest(config);
      const view = await withDeadline('the creation', CREATE_MS, (signal) => this.#make(kernelId, request, signal), caller);
      return await this.#created(view);
    } catch (error) {
      if (error instanceof RangeError) throw new RpcError('builtins.ValueError', error.message);
      if (error instanceof DeadlineError) {
        throw new RpcError(
          'builtins.RuntimeError',
          `the kernel could not be made within ${CREATE_MS / 1000} s, and a manager waits no longer; what was made of it is removed`,
        );
      }
      throw error;
    }
  }

  /** Nobody will ever use it: its creation came too late, or its answer reached nobody. */
  async abandon(id: string): Promise<void> {
    const { logger, service } = this.#options;
    logger.warn({ kernel: id }, 'a kernel whose creator has gone is ended');
    await service.destroyKernel(id as KernelId, { graceMs: 0, reason: 'cancelled' }).catch(() => {});
  }

  /** The last statistics, or nil. */
  async destroy(id: string): Promise<Packable> {
    const { service, emit } = this.#options;
    const view = this.find(id);
    if (!view) {
      emit('kernel_terminated', [id, 'self-terminated', null]);
      return null;
    }
    await withDeadline('the end of the kernel', DESTROY_MS, () => service.destroyKernel(view.kernelId, { graceMs: 0 })).catch(
      (error: unknown) => this.#options.logger.warn({ kernel: id, err: error }, 'the end of a kernel takes longer'),
    );
    const statistics = service.statistics(view.kernelId);
    return statistics && toStatisticsMap(statistics);
  }

  /** Limits, cores and folders are those of the kernel's own record: what the manager sends here is not to be trusted (seed spec 8.7). */
  async restart(id: string): Promise<Packable> {
    const view = this.find(id) ?? this.refuseUnknown(id);
    const restarted = await this.#options.service.restartKernel(view.kernelId);
    const { container_id, repl_in_port, repl_out_port, stdin_port, stdout_port } = await this.#place(restarted);
    return {
      container_id,
      repl_in_port,
      repl_out_port,
      stdin_port,
      stdout_port,
      cpu_set: restarted.spec.cpuset ?? [],
      gpu_set: [],
    };
  }

  /** Ends all kernels of this manager. */
  async reset(): Promise<void> {
    const { service } = this.#options;
    await Promise.all(this.all().map(({ kernelId }) => service.destroyKernel(kernelId, { graceMs: 0, reason: 'reset' })));
  }

  async #make(kernelId: KernelId, request: CreateRequest, signal: AbortSignal): Promise<KernelView> {
    const { admission, emit, folderRoot, nodes, service, terminals } = this.#options;
    const image = await this.#imageOf(request);
    const wish = wishOf(
      request,
      nodes.flatMap(({ cores }) => cores),
    );
    const mounts = await folderMounts(folderRoot(), request.mounts);
    await this.#ready(signal);
    emit('kernel_creating', [kernelId]);
    const sockets = image.features.has('tty') && image.supervisor === 'berth' ? await terminals.bind() : undefined;
    try {
      const view = await admission.hold(kernelId, wish, ({ cpuset }) => {
        const plan = { request, image, cpuset, mounts, terminal: sockets?.ports ?? null };
        const spec = specOf(plan, this.#options.defaults());
        return service.createKernel({ kernelId, sessionId: kernelId as string as SessionId, spec }, signal);
      });
      if (sockets) terminals.serve(kernelId, sockets);
      return view;
    } catch (error) {
      sockets?.close();
      throw error;
    }
  }

  /** Before anything is made: what is made while the driver is away can only be undone when it is back. */
  async #ready(signal: AbortSignal): Promise<void> {
    try {
      await withDeadline('the driver', PROBE_MS, this.#options.probe, signal);
    } catch (error) {
      if (error instanceof DeadlineError) throw new BerthError('driver-unavailable', error.message, { cause: error });
      throw error;
    }
  }

  async #imageOf({ lang }: CreateRequest): Promise<SchedulableImage> {
    const image = await this.#options.images.find(lang);
    if (image) return image;
    throw new RpcError(
      'builtins.RuntimeError',
      `the image of ${lang} is not on this agent. Pull it: berth images pull lablup/kernel-${lang}; or name a local one for it under [images] in berth.toml`,
    );
  }

  async #created(view: KernelView): Promise<Packable> {
    const { nodes } = this.#options;
    const numaNode = nodes.find(({ cores }) => view.spec.cpuset?.some((core) => cores.includes(core)))?.node ?? 0;
    return {
      id: view.kernelId,
      ...(await this.#place(view)),
      resource_spec: resourceSpec(view.spec, notesOf(view.spec)!, numaNode),
    };
  }

  /** Where the manager finds the kernel. */
  async #place({ kernelId, containerId, spec }: KernelView) {
    const terminal = notesOf(spec)?.terminal;
    const ports = spec.supervisor === 'kernel-runner' ? await this.#options.publishedPorts(kernelId) : {};
    const { commands, outputs, terminalInput, terminalOutput } = RUNNER_PORTS;
    return {
      kernel_host: this.#options.kernelHost,
      repl_in_port: ports[commands]?.port ?? NO_PORT,
      repl_out_port: ports[outputs]?.port ?? NO_PORT,
      stdin_port: (terminal?.stdinPort ?? ports[terminalInput]?.port) || NO_PORT,
      stdout_port: (terminal?.stdoutPort ?? ports[terminalOutput]?.port) || NO_PORT,
      container_id: containerId ?? '',
    };
  }
}
