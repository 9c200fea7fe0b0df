/**
 * Polled execute (seed spec 9.4): each call gives what a run has brought since the last one. The cursor is the runner's: a record is
 * confirmed when the reply that held it was handed to a caller who was there, and only then does the runner let it go. So a caller
 * that did not get its reply, and an agent that was killed, go on with the same records: told twice at worst, never lost.
 */
import { randomBytes } from 'node:crypto';
import { OwnedTasks } from '@berth/base';
import { isBerthError, isId, type KernelId, type KernelView } from '@berth/wire';
import { RpcError } from '../../transport/rpc-error.js';
import { notesOf } from '../notes.js';
import { KernelRuns } from './kernel-runs.js';
import { complete, type ExecuteParts, type ExecutorOptions } from './options.js';
import { OutputFiles } from './output-files.js';
import { parseWish } from './request.js';
import { keyOf } from './run-names.js';
import { shapeResult, type ExecuteResult } from './shape.js';
import { isTerminalQuery, serveTerminalQuery } from './terminal-query.js';
import type { Taken, TrackedRun } from './tracked-run.js';

export interface ExecuteCall {
  readonly apiVersion: number;
  readonly kernelId: string;
  readonly runId: string | null;
  readonly mode: string;
  readonly code: string;
  readonly opts: Readonly<Record<string, unknown>> | null;
}

export interface ExecuteAnswer {
  /** Null: the kernel ended while the call waited. */
  readonly result: ExecuteResult | null;
  /** To be called once, when it is known whether the reply was handed to somebody. Without it, the next call gives the same again. */
  delivered(ok: boolean): void;
}

const MODES = ['query', 'batch', 'input', 'continue'] as const;
const NO_ANSWER: ExecuteAnswer = { result: null, delivered: () => {} };

export class Executor {
  readonly #parts: ExecuteParts;
  readonly #outputs: OutputFiles;
  readonly #kernels = new Map<KernelId, KernelRuns>();
  readonly #tasks: OwnedTasks;

  constructor(options: ExecutorOptions) {
    this.#parts = complete(options);
    this.#outputs = new OutputFiles(this.#parts);
    this.#tasks = new OwnedTasks((name, error) => this.#parts.logger.error({ err: error }, `${name} stopped`));
    this.#tasks.start('the watch for ended kernels', (signal) => this.#followKernels(signal));
  }

  /**
   * One call of the method `execute`. Errors: `RpcError` for a call that makes no sense and for a kernel or run that is not known;
   * those of the service where a run cannot be started.
   */
  async execute(call: ExecuteCall): Promise<ExecuteAnswer> {
    const until = this.#parts.clock.monotonic() + this.#parts.times.flushMs;
    const view = this.#known(call.kernelId);
    if (view.phase === 'stopping') return NO_ANSWER;
    const given = call.runId ?? randomBytes(16).toString('hex');
    const terminal = call.mode === 'query' && isTerminalQuery(call.code) ? this.#parts.terminalOf?.(view) : undefined;
    if (terminal) {
      await serveTerminalQuery(terminal, call.code);
      const end = { status: 'finished', exitCode: 0 } as const;
      return { result: shapeResult(call.apiVersion, { runId: given, end, items: [], files: [] }), delivered: () => {} };
    }
    const runs = this.#runsOf(view);
    try {
      const run = await this.#runFor(runs, view, call, given);
      const taken = await this.#take(run, until);
      return await this.#answer(runs, run, call.apiVersion, given, taken);
    } catch (error) {
      if (this.#isOver(runs, error)) return NO_ANSWER;
      throw error;
    }
  }

  /** SIGINT to what runs in the kernel now; nothing where nothing runs. Errors: no-such-session, session-ended. */
  async interrupt(kernelId: string): Promise<void> {
    const runs = this.#runsOf(this.#parts.service.getKernel(kernelId as KernelId));
    await runs.load();
    const run = runs.current;
    if (run?.started) await this.#parts.service.signalRun(runs.kernelId, run.id, 'interrupt');
  }

  /**
   * Finds again what an earlier life of the agent started, so that limits and turns are kept before anybody calls. For each kernel,
   * when the agent has started. Errors: as of `listRuns`.
   */
  async adopt(kernelId: KernelId): Promise<void> {
    await this.#runsOf(this.#parts.service.getKernel(kernelId)).load();
  }

  /** The kernel is over or about to be started anew: calls that wait for its runs are answered with nil. */
  forget(kernelId: KernelId): void {
    void this.#kernels.get(kernelId)?.end(true);
    this.#kernels.delete(kernelId);
  }

  /** Calls that wait are answered with nil. Runs go on, and those that wait for their turn do so in the agent's next life. */
  async stop(): Promise<void> {
    await Promise.all([...this.#kernels.values()].map((runs) => runs.end(false)));
    this.#kernels.clear();
    await this.#tasks.stop();
  }

  #known(kernelId: string): KernelView {
    const { service, unknownKernel } = this.#parts;
    try {
      const view = isId(kernelId) ? service.getKernel(kernelId as KernelId) : undefined;
      // What other fronts have made is none of the manager's.
      if (view && view.phase !== 'terminated' && notesOf(view.spec)) return view;
    } catch (error) {
      if (!isBerthError(error) || error.code !== 'no-such-session') throw error;
    }
    unknownKernel(kernelId);
    throw new RpcError('builtins.RuntimeError', `There is no kernel ${kernelId.slice(0, 100)}.`);
  }

  #runsOf(view: KernelView): KernelRuns {
    const known = this.#kernels.get(view.kernelId);
    if (known?.incarnation === view.incarnation) return known;
    void known?.end(true);
    const runs = new KernelRuns(this.#parts, this.#outputs, view);
    this.#kernels.set(view.kernelId, runs);
    return runs;
  }

  async #runFor(runs: KernelRuns, view: KernelView, call: ExecuteCall, given: string): Promise<TrackedRun> {
    const mode = MODES.find((name) => name === call.mode);
    const native = view.spec.supervisor === 'kernel-runner';
    if (mode === undefined) throw new RpcError('builtins.ValueError', `There is no mode ${call.mode.slice(0, 100)}.`);
    if (mode === 'query' || mode === 'batch') {
      return runs.add(keyOf(given), parseWish(mode, call.code, call.opts ?? {}));
    }
    await runs.load();
    const run = call.runId === null ? runs.current : await runs.find(keyOf(given));
    if (!run) throw new RpcError('builtins.RuntimeError', `There is no run ${given.slice(0, 100)} in this kernel.`);
    // A line answers a question of our REPLs; a program, and the runner of 2018, get what was typed as it is.
    const ended = native || run.mode === 'batch' || call.code.endsWith('\n');
    if (mode === 'input' && !run.over) {
      run.input.send(run.begun, ended ? call.code : `${call.code}\n`, (error) =>
        this.#parts.logger.debug({ kernel: runs.kernelId, run: run.name.key, err: error }, 'input did not reach its run'),
      );
    }
    return run;
  }

  async #take(run: TrackedRun, until: number): Promise<Taken> {
    const { clock } = this.#parts;
    let late = false;
    const timer = clock.after(Math.max(0, until - clock.monotonic()), () => {
      late = true;
      run.nudge();
    });
    try {
      return await run.take(() => late);
    } finally {
      timer.cancel();
    }
  }

  async #answer(runs: KernelRuns, run: TrackedRun, apiVersion: number, runId: string, taken: Taken): Promise<ExecuteAnswer> {
    const over = taken.end?.status === 'finished' || taken.end?.status === 'exec-timeout';
    if (over) run.outputFiles ??= this.#outputs.after(runs.kernelId, run.outputBefore, run.name.since);
    const files = (over && (await run.outputFiles)) || [];
    return {
      result: shapeResult(apiVersion, { runId, end: taken.end, items: taken.items, files }),
      delivered: (ok) => {
        taken.settle(ok);
        runs.answered(run);
      },
    };
  }

  /** True when the kernel has ended under a call, or was started anew. */
  #isOver(runs: KernelRuns, error: unknown): boolean {
    if (!isBerthError(error)) return false;
    if (error.code === 'session-ended' || error.code === 'no-such-session') return true;
    if (this.#kernels.get(runs.kernelId) !== runs) return true;
    try {
      const { phase, incarnation } = this.#parts.service.getKernel(runs.kernelId);
      return phase !== 'running' || incarnation !== runs.incarnation;
    } catch {
      return true;
    }
  }

  async #followKernels(signal: AbortSignal): Promise<void> {
    for await (const event of this.#parts.service.events(signal)) {
      if (event.type !== 'kernel-phase' || (event.phase !== 'stopping' && event.phase !== 'terminated')) continue;
      if (this.#kernels.get(event.kernelId)?.incarnation === event.incarnation) this.forget(event.kernelId);
    }
  }
}
