/**
 * The terminal of one kernel: a shell in a run of its own, and the manager's two sockets. The run lives in the kernel's runner, so that
 * a restart of the agent finds it again; a shell that ends is followed by another.
 */
import { backoffDelay, sleep, type Clock } from '@berth/base';
import {
  isBerthError,
  recordTypeOf,
  type KernelId,
  type KernelService,
  type RunId,
  type RunView,
  type TerminalSize,
} from '@berth/wire';
import type { Logger } from '../../ports/logger.js';
import type { TerminalSockets } from '../transport/terminal-sockets.js';

export interface TerminalOptions {
  readonly kernelId: KernelId;
  readonly service: KernelService;
  readonly sockets: TerminalSockets;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs of terminals are told from the manager's by their names. */
export const TERMINAL_RUN = /^terminal-\d+$/;

const SHELL = ['/bin/sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi'];
const FIRST_SIZE: TerminalSize = { rows: 24, columns: 80 };
const RETRY = { minMs: 200, maxMs: 5000 };

export class Terminal {
  readonly #options: TerminalOptions;
  /** The shell of now, and how many bytes it has been sent. */
  #shell: { readonly runId: RunId; offset: number } | undefined;
  #size = FIRST_SIZE;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** Serves until the kernel is over or `signal` aborts. Never rejects. */
  async serve(signal: AbortSignal): Promise<void> {
    const { kernelId, clock, logger, sockets } = this.#options;
    void this.#type();
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#follow(await this.#openShell(), signal);
        attempt = 0;
        await sockets.show(Buffer.from('\r\n[the shell has ended; here is another]\r\n'));
      } catch (error) {
        if (isBerthError(error) && (error.code === 'session-ended' || error.code === 'no-such-session')) return;
        logger.debug({ kernel: kernelId, err: error }, 'the terminal of a kernel is sought again');
      }
      this.#shell = undefined;
      await sleep(backoffDelay(attempt, RETRY), signal, clock).catch(() => {});
    }
  }

  /** The window of the user has another size. */
  async resize(size: TerminalSize): Promise<void> {
    this.#size = size;
    if (this.#shell) await this.#options.service.resizeRun(this.#options.kernelId, this.#shell.runId, size);
  }

  /** Goes on with a shell that an earlier life of the agent began, or begins one. */
  async #openShell(): Promise<RunView> {
    const { kernelId, service } = this.#options;
    const earlier = (await service.listRuns(kernelId)).filter(({ runId }) => TERMINAL_RUN.test(runId));
    const living = earlier.find(({ state }) => state !== 'finished');
    const runId = living?.runId ?? (`terminal-${earlier.length + 1}` as RunId);
    const view =
      living ?? (await service.startRun(kernelId, { mode: 'batch', runId, argv: SHELL, stdin: 'open', terminal: this.#size }));
    // Input that the run already has is skipped, so nothing at offset 0 asks how much it has.
    this.#shell = { runId, offset: await service.sendInput(kernelId, runId, 0, new Uint8Array(0), false) };
    return view;
  }

  async #follow({ runId, acknowledged }: RunView, signal: AbortSignal): Promise<void> {
    const { kernelId, service, sockets } = this.#options;
    const stream = await service.attachRun(kernelId, runId, { from: acknowledged + 1 });
    const stop = () => stream.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const frames of stream) {
        for (const { type, payload } of frames) if (recordTypeOf(type) === 'stdout') await sockets.show(payload);
        stream.ack(frames.at(-1)!.seq);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stream.close();
    }
  }

  async #type(): Promise<void> {
    const { kernelId, service, sockets, logger } = this.#options;
    for await (const bytes of sockets.typed()) {
      const shell = this.#shell;
      // What is typed while there is no shell meets nobody, as at a terminal whose line is dead.
      if (!shell) continue;
      const { offset } = shell;
      shell.offset += bytes.length;
      service.renewLease(kernelId);
      await service.sendInput(kernelId, shell.runId, offset, bytes, false).catch((error: unknown) => {
        logger.debug({ kernel: kernelId, err: error }, 'typed input did not reach its shell');
      });
    }
  }
}
