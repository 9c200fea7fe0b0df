/** One process of a run with all that it starts, from the launch until nothing of it is left. */
import { sleep } from '@berth/base';
import type { RunSignal, TerminalSize } from '@berth/wire';
import type { Environment } from '../processes/environment.js';
import { killAll, send } from '../processes/kill.js';
import { launch, type Launched } from '../processes/launch.js';
import { isDiskFull, readLimitCounters } from '../processes/limits.js';
import { readProcesses, type ProcessEntry } from '../processes/table.js';
import { launchInTerminal, whyNoTerminal } from '../processes/terminal.js';
import { treeOf } from '../processes/tree.js';
import type { Command } from './command.js';
import { enter, whyNotEntered } from './directory.js';
import { sendAll, type Ground } from './ground.js';
import { detailOf, reasonOf, type AskedEnd } from './reason.js';
import type { Run } from './run.js';
import { notStarted, startFailed, type End } from './start-failed.js';

/** Time for the root of a tree to end by itself once nothing else of it is left. */
const LAST_WORDS_MS = 200;

export interface ProgramRequest {
  readonly command: Command;
  readonly env: Environment;
  /** Relative to the home of the user. */
  readonly cwd: string;
  readonly stdin: 'open' | 'none';
  readonly terminal?: TerminalSize;
}

export class Program {
  /** Resolves when it is known whether the process was started; undefined when it was not. */
  readonly #launched: Promise<Launched | undefined>;
  readonly #ground: Ground;
  readonly #run: Run;
  readonly #asked: AskedEnd[] = [];
  #setLaunched: (launched: Launched | undefined) => void = () => {};
  #running: Launched | undefined;
  #exited = false;
  #cpuMs: number | null = 0;

  constructor(ground: Ground, run: Run) {
    this.#ground = ground;
    this.#run = run;
    this.#launched = new Promise((resolve) => (this.#setLaunched = resolve));
  }

  /** CPU time in milliseconds that it used; 0 when it was not started, null when it cannot be told from another's. */
  get cpuMs(): number | null {
    return this.#cpuMs;
  }

  /** Runs to the end. `onExit` is called as soon as the process itself has ended; what it left is ended after that. */
  async execute(request: ProgramRequest, onExit: () => void = () => {}): Promise<End> {
    const before = readLimitCounters();
    const launched = await this.#start(request);
    if (!('pid' in launched)) {
      this.giveUp();
      return launched;
    }
    this.#running = launched;
    this.#setLaunched(launched);
    this.#run.read(...launched.outputs);
    const { status, cpuMs } = await launched.exit;
    this.#exited = true;
    this.#cpuMs = cpuMs;
    onExit();
    await this.#clear(launched);
    const complaint = await launched.terminal?.complaint;
    if (complaint) return startFailed(126, complaint);
    const failed = status.exitCode !== 0;
    const reason = reasonOf({
      ...status,
      asked: this.#asked,
      before,
      after: failed ? readLimitCounters() : before,
      diskFull: failed && isDiskFull([this.#ground.places.work, '/tmp']),
    });
    return { ...status, reason, detail: detailOf(reason), stateLost: false };
  }

  /** It will never be started. */
  giveUp(): void {
    this.#setLaunched(undefined);
  }

  async input(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    const launched = await this.#launched;
    if (!launched?.input) return offset + data.length;
    return launched.input.write(offset, data, end);
  }

  resize(size: TerminalSize): void {
    void this.#launched.then((launched) => launched?.terminal?.resize(size));
  }

  signal(signal: RunSignal): void {
    void this.#launched.then((launched) => {
      if (!launched || this.#exited) return;
      if (signal === 'kill') return this.end('killed');
      this.#asked.push(signal === 'interrupt' ? 'interrupted' : 'killed');
      if (signal === 'terminate') sendAll(this.#members(launched), 'SIGTERM');
      else if (launched.terminal) launched.terminal.interrupt();
      else send(launched.pid, 'SIGINT');
    });
  }

  /** Its processes; none before it was started and after it has ended. */
  members(): readonly ProcessEntry[] {
    return this.#running && !this.#exited ? this.#members(this.#running) : [];
  }

  /** Kills the tree; the exit of its root goes the usual way. */
  end(asked: AskedEnd): void {
    this.#asked.push(asked);
    void this.#launched.then(async (launched) => {
      if (!launched || this.#exited) return;
      await killAll(() => this.#members(launched), this.#ground.killUser);
      // The subreaper ends with its child, unless the user has stopped it; without one, it is the program itself.
      await Promise.race([launched.exit, sleep(LAST_WORDS_MS, undefined, this.#ground.clock)]);
      if (!this.#exited) send(launched.pid, 'SIGKILL');
    });
  }

  async #start({ command, env, cwd, stdin, terminal }: ProgramRequest): Promise<Launched | End> {
    if ('failed' in command) return command.failed;
    const { places, launch: ground } = this.#ground;
    const missing = terminal && whyNoTerminal(places);
    if (missing) return startFailed(126, missing);
    let directory;
    try {
      directory = await enter(places.work, cwd, command.argv);
    } catch (error) {
      return startFailed(126, whyNotEntered(cwd, error));
    }
    const request = {
      argv: directory.argv,
      cwd: directory.cwd,
      env,
      stdin,
      stdout: this.#run.sink('stdout'),
      stderr: this.#run.sink('stderr'),
    };
    try {
      if (terminal) return await launchInTerminal(ground, places, { ...request, size: terminal });
      return await launch(ground, { ...request, control: false });
    } catch (error) {
      return notStarted(command.argv[0]!, error as NodeJS.ErrnoException);
    } finally {
      await directory.close();
    }
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
    launched.control?.from.destroy();
    launched.control?.to.destroy();
  }
}
