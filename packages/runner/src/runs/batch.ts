/** A program of its own, and what is built before it. */
import { constants } from 'node:os';
import type { BatchRun, RunSignal, TerminalSize } from '@berth/wire';
import { userEnvironment, type Environment } from '../processes/environment.js';
import type { ProcessEntry } from '../processes/table.js';
import { commandOf, stepCommand } from './command.js';
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
  /** CPU time of the steps before the program. */
  #stepsMs: number | null = 0;

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
    const failed = (await this.#clean()) ?? (build === undefined ? undefined : await this.#build(build));
    if (failed) this.#program.giveUp();
    const end = failed ?? (await this.#execute());
    limit?.cancel();
    this.#run.finish(end, { cpuMs: sum(this.#stepsMs, this.#program.cpuMs), peakMemoryBytes: null });
  }

  input(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    return this.#program.input(offset, data, end);
  }

  signal(signal: RunSignal): void {
    this.#current.signal(signal);
  }

  members(): readonly ProcessEntry[] {
    return this.#current.members();
  }

  /** The end of the run when it was ended from outside during this step. */
  async #clean(): Promise<End | undefined> {
    const { clean } = this.#request;
    if (clean === undefined) return undefined;
    const end = await this.#step('clean-finished', clean);
    return isOwn(end) || end.reason === 'start-failed' ? undefined : end;
  }

  /** The end of the run when the build failed. */
  async #build(build: string): Promise<End | undefined> {
    const end = await this.#step('build-finished', build);
    const exitCode = codeOf(end);
    if (exitCode === 0) return undefined;
    // What ended the build of itself is told by its code; what ended it from outside ended the run.
    const told = isOwn(end) ? ({ reason: 'exited', detail: `the build failed with code ${exitCode}` } as const) : {};
    return { ...end, exitCode: 127, signal: null, ...told };
  }

  async #step(type: 'clean-finished' | 'build-finished', text: string): Promise<End> {
    const end = text === '' ? NOTHING_DONE : await this.#runStep(text);
    this.#run.add({ type, exitCode: codeOf(end) });
    return end;
  }

  async #runStep(text: string): Promise<End> {
    const program = new Program(this.#ground, this.#run);
    this.#current = program;
    const { cwd = '.' } = this.#request;
    const request = { command: stepCommand(text), env: this.#environment(), cwd, stdin: 'none' as const };
    const end = await program.execute(request, () => (this.#current = this.#program));
    this.#stepsMs = sum(this.#stepsMs, program.cpuMs);
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

const codeOf = ({ exitCode, signal }: End): number => exitCode ?? 128 + constants.signals[signal as NodeJS.Signals];

/** Whether a step ended by itself, in whatever way. */
const isOwn = ({ reason }: End): boolean => reason === 'exited' || reason === 'signal';

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

const NOTHING_DONE: End = { exitCode: 0, signal: null, reason: 'exited', detail: '', stateLost: false };
