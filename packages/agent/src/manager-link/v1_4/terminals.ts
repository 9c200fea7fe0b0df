/** The terminals of all kernels that have one. */
import { OwnedTasks, type Clock } from '@berth/base';
import type { KernelId, KernelService, KernelView, TerminalSize } from '@berth/wire';
import type { Logger } from '../../ports/logger.js';
import { TerminalSockets } from '../transport/terminal-sockets.js';
import type { ZapGate } from '../transport/zap-gate.js';
import { notesOf } from './notes.js';
import { promised, type PortRange } from './port-range.js';
import { Terminal } from './terminal.js';

export interface TerminalsOptions {
  readonly service: KernelService;
  readonly gate: ZapGate;
  /** Address to bind: that which managers are told, or `*`. */
  readonly host: string;
  readonly ports: PortRange;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Served {
  readonly terminal: Terminal;
  readonly sockets: TerminalSockets;
  readonly stop: AbortController;
}

export class Terminals {
  readonly #options: TerminalsOptions;
  readonly #served = new Map<KernelId, Served>();
  readonly #tasks: OwnedTasks;

  constructor(options: TerminalsOptions) {
    this.#options = options;
    this.#tasks = new OwnedTasks((name, error) => options.logger.error({ task: name, err: error }, 'a terminal failed'));
  }

  /** Sockets for a kernel that is about to be made; the caller closes them, or gives them to {@link serve}. */
  bind(): Promise<TerminalSockets> {
    const { gate, host, ports } = this.#options;
    return TerminalSockets.bind(gate, host, ports.candidates());
  }

  serve(kernelId: KernelId, sockets: TerminalSockets): void {
    const { service, clock, logger } = this.#options;
    const terminal = new Terminal({ kernelId, service, sockets, clock, logger });
    const stop = new AbortController();
    this.#served.set(kernelId, { terminal, sockets, stop });
    this.#tasks.start('terminal', (signal) => terminal.serve(AbortSignal.any([signal, stop.signal])));
  }

  /** Of an earlier life of the agent: on the very ports that the manager knows. One that cannot be had is told, and left out. */
  async adopt(view: KernelView): Promise<void> {
    const ports = notesOf(view.spec)?.terminal;
    if (!ports || this.#served.has(view.kernelId)) return;
    const { gate, host, logger } = this.#options;
    try {
      this.serve(view.kernelId, await TerminalSockets.bind(gate, host, promised(ports)));
    } catch (error) {
      logger.error({ kernel: view.kernelId, ports, err: error }, 'the ports of a terminal are taken; it cannot be reached');
    }
  }

  async resize(kernelId: KernelId, size: TerminalSize): Promise<void> {
    await this.#served.get(kernelId)?.terminal.resize(size);
  }

  /** The kernel is over. */
  end(kernelId: KernelId): void {
    const served = this.#served.get(kernelId);
    this.#served.delete(kernelId);
    served?.stop.abort();
    served?.sockets.close();
  }

  async close(): Promise<void> {
    for (const kernelId of [...this.#served.keys()]) this.end(kernelId);
    await this.#tasks.stop();
  }
}
