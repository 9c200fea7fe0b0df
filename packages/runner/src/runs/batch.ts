/** A program of its own. */
import type { BatchRun, Finished, RunSignal } from '@berth/wire';
import { userEnvironment, type Environment } from '../processes/environment.js';
import { findInterpreter, findProgram } from '../processes/find.js';
import { killAll, send } from '../processes/kill.js';
import { launch, type Launched } from '../processes/launch.js';
import { isDiskFull, readLimitCounters } from '../processes/limits.js';
import { readProcesses, type ProcessEntry } from '../processes/table.js';
import { treeOf } from '../processes/tree.js';
import { enter, whyNotEntered } from './directory.js';
import { sendAll, type Ground } from './ground.js';
import { detailOf, reasonOf, type AskedEnd } from './reason.js';
import type { Run, RunTask } from './run.js';

/** Runs `request`; everything that can go wrong becomes the `finished` record. */
export function startBatch(ground: Ground, run: Run, request: BatchRun): RunTask {
  const task = new BatchTask(ground, run, request);
  void task.run();
  return task;
}

class BatchTask implements RunTask {
  readonly #ground: Ground;
  readonly #run: Run;
  readonly #request: BatchRun;
  readonly #asked: AskedEnd[] = [];
  /** Resolves once it is known whether the program started. */
  readonly #launched: Promise<Launched | undefined>;
  #setLaunched: (launched: Launched | undefined) => void = () => {};
  #exited = false;

  constructor(ground: Ground, run: Run, request: BatchRun) {
    this.#ground = ground;
    this.#run = run;
    this.#request = request;
    this.#launched = new Promise((resolve) => (this.#setLaunched = resolve));
  }

  async run(): Promise<void> {
    this.#run.began();
    const before = readLimitCounters();
    const launched = await this.#start();
    this.#setLaunched(launched);
    if (!launched) return;
    this.#run.read(...launched.outputs);
    const { timeoutMs } = this.#request;
    const limit = timeoutMs === undefined ? undefined : this.#ground.clock.after(timeoutMs, () => this.#end('time-limit'));
    const status = await launched.exit;
    this.#exited = true;
    limit?.cancel();
    await this.#clear(launched);
    const { places } = this.#ground;
    const failed = status.exitCode !== 0;
    const reason = reasonOf({
      ...status,
      asked: this.#asked,
      before,
      after: failed ? readLimitCounters() : before,
      diskFull: failed && isDiskFull([places.work, '/tmp']),
    });
    this.#run.finish({ ...status, reason, detail: detailOf(reason), stateLost: false });
  }

  async input(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    const launched = await this.#launched;
    if (!launched?.input) return offset + data.length;
    return launched.input.write(offset, data, end);
  }

  signal(signal: RunSignal): void {
    void this.#launched.then((launched) => {
      if (!launched || this.#exited) return;
      if (signal === 'kill') return this.#end('killed');
      this.#asked.push(signal === 'interrupt' ? 'interrupted' : 'killed');
      if (signal === 'interrupt') send(launched.pid, 'SIGINT');
      else sendAll(this.#members(launched), 'SIGTERM');
    });
  }

  /** Undefined when it could not be started; the run is finished then. */
  async #start(): Promise<Launched | undefined> {
    const { places, spec } = this.#ground;
    const { cwd = '.', interpreter, stdin = 'none' } = this.#request;
    const env: Environment = {
      ...(interpreter === 'python' ? { PYTHONUNBUFFERED: '1' } : {}),
      ...userEnvironment(spec.env, places.work, this.#request.env),
    };
    const command = this.#command(env['PATH']!);
    if (!command) return undefined;
    let directory;
    try {
      directory = await enter(places.work, cwd, command);
    } catch (error) {
      this.#run.finish(startFailed(126, whyNotEntered(cwd, error)));
      return undefined;
    }
    try {
      return await launch(
        { ...spec, fifos: this.#ground.fifos, carry: places.carry },
        {
          argv: directory.argv,
          cwd: directory.cwd,
          env,
          stdin,
          control: false,
          stdout: this.#run.sink('stdout'),
          stderr: this.#run.sink('stderr'),
        },
      );
    } catch (error) {
      this.#run.finish(notStarted(command[0]!, error as NodeJS.ErrnoException));
      return undefined;
    } finally {
      await directory.close();
    }
  }

  /** The whole command line; undefined when there is no such program, and the run is finished. */
  #command(path: string): readonly string[] | undefined {
    const { argv, interpreter, cwd = '.' } = this.#request;
    const { places } = this.#ground;
    if (interpreter !== undefined) {
      const found = findInterpreter(interpreter, places, path, { repl: false });
      if (!found) this.#run.finish(startFailed(127, `This image has no interpreter for ${interpreter}.`));
      return found && [...found, ...argv];
    }
    const program = argv[0] ?? '';
    const finding = findProgram(program, `${places.work}/${cwd}`, path);
    if (finding === 'missing') this.#run.finish(startFailed(127, `There is no program ${JSON.stringify(program)}.`));
    else if (finding === 'not-executable') {
      this.#run.finish(startFailed(126, `${JSON.stringify(program)} is not an executable file.`));
    } else return argv;
    return undefined;
  }

  /** Kills the tree; the exit of its root goes the usual way. */
  #end(asked: AskedEnd): void {
    this.#asked.push(asked);
    void this.#launched.then(async (launched) => {
      if (!launched || this.#exited) return;
      await killAll(() => this.#members(launched), this.#ground.killUser);
      // The subreaper ends with its child, unless the user has stopped it; without one, it is the program itself.
      if (!this.#exited) send(launched.pid, 'SIGKILL');
    });
  }

  #members({ pid, subreaper }: Launched): readonly ProcessEntry[] {
    const table = readProcesses();
    const tree = treeOf(table, pid);
    return subreaper ? tree : [...tree, ...table.filter((entry) => entry.pid === pid)];
  }

  /** After the exit: what is left of the tree goes, what is left in the pipes comes. */
  async #clear(launched: Launched): Promise<void> {
    const { orphans, killUser } = this.#ground;
    const left = () => (launched.subreaper ? orphans() : [...this.#members(launched), ...orphans()]);
    await killAll(left, killUser);
    await Promise.all(launched.outputs.map((output) => output.drained()));
    for (const output of launched.outputs) output.close();
    launched.input?.close();
  }
}

const startFailed = (exitCode: 126 | 127, detail: string): Omit<Finished, 'wallMs'> => ({
  exitCode,
  signal: null,
  reason: 'start-failed',
  detail,
  stateLost: false,
});

function notStarted(program: string, { code, message }: NodeJS.ErrnoException): Omit<Finished, 'wallMs'> {
  if (code === 'EAGAIN') {
    return { ...startFailed(126, detailOf('pids-limit')), reason: 'pids-limit' };
  }
  return startFailed(code === 'ENOENT' ? 127 : 126, `${JSON.stringify(program)} could not be started: ${message}.`);
}
