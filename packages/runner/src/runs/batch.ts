/** A program of its own, and what is built before it. */
import { constants } from 'node:os';
import type { BatchRun, RunSignal, TerminalSize } from '@berth/wire';
import { userEnvironment, type Environment } from '../processes/environment.js';
import { buildCommand, commandOf } from './command.js';
import type { Ground } from './ground.js';
import { Program } from './program.js';
import type { Run, RunTask } from './run.js';
import type { End } from './start-failed.js';

/** Runs `request`; everything that can go wrong becomes the `finished` record. */
export function startBatch(ground: Ground, run: Run, request: BatchRun): RunTask {
  const task = new BatchTask(ground, run, request);
  void task.run();
  return task;
}

class BatchTask implements RunTask {
  readonly resize?: (size: TerminalSize) => void;
  readonly #ground: Ground;
  readonly #run: Run;
  readonly #request: BatchRun;
  /** Input and size are its, also while the build runs. */
  readonly #program: Program;
  /** What signals go to. */
  #current: Program;
  #buildMs: number | null = 0;

  constructor(ground: Ground, run: Run, request: BatchRun) {
    this.#ground = ground;
    this.#run = run;
    this.#request = request;
    this.#program = this.#current = new Program(ground, run);
    if (request.terminal) this.resize = (size) => this.#program.resize(size);
  }

  async run(): Promise<void> {
    this.#run.began();
    const { build, timeoutMs } = this.#request;
    const { clock } = this.#ground;
    const limit = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => this.#current.end('time-limit'));
    const failed = build === undefined ? undefined : await this.#build(build);
    if (failed) this.#program.giveUp();
    const end = failed ?? (await this.#execute());
    limit?.cancel();
    this.#run.finish(end, { cpuMs: sum(this.#buildMs, this.#program.cpuMs), peakMemoryBytes: null });
  }

  input(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    return this.#program.input(offset, data, end);
  }

  signal(signal: RunSignal): void {
    this.#current.signal(signal);
  }

  /** The end of the run when the build failed. */
  async #build(build: string): Promise<End | undefined> {
    const end = build === '' ? NOTHING_DONE : await this.#runBuild(build);
    const exitCode = end.exitCode ?? 128 + constants.signals[end.signal as NodeJS.Signals];
    this.#run.add({ type: 'build-finished', exitCode });
    if (exitCode === 0) return undefined;
    // What ended the build of itself is told by its code; what ended it from outside ended the run.
    const own = end.reason === 'exited' || end.reason === 'signal';
    const told = own ? ({ reason: 'exited', detail: `the build failed with code ${exitCode}` } as const) : {};
    return { ...end, exitCode: 127, signal: null, ...told };
  }

  async #runBuild(build: string): Promise<End> {
    const program = new Program(this.#ground, this.#run);
    this.#current = program;
    const { cwd = '.' } = this.#request;
    const request = { command: buildCommand(build), env: this.#environment(), cwd, stdin: 'none' as const };
    const end = await program.execute(request, () => (this.#current = this.#program));
    this.#buildMs = program.cpuMs;
    return end;
  }

  #execute(): Promise<End> {
    const { argv, build, interpreter, cwd = '.', stdin = 'none', terminal } = this.#request;
    if (build !== undefined && interpreter === undefined && argv.length === 0) {
      this.#program.giveUp();
      return Promise.resolve(NOTHING_DONE);
    }
    const env = this.#environment();
    const command = commandOf(this.#request, this.#ground.places, env['PATH']!);
    return this.#program.execute({ command, env, cwd, stdin, ...(terminal && { terminal }) });
  }

  #environment(): Environment {
    const { places, spec } = this.#ground;
    return {
      ...(this.#request.interpreter === 'python' ? { PYTHONUNBUFFERED: '1' } : {}),
      ...userEnvironment(spec.env, places.work, this.#request.env),
    };
  }
}

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

const NOTHING_DONE: End = { exitCode: 0, signal: null, reason: 'exited', detail: '', stateLost: false };
