/** One language process and its control link. It knows nothing of runs: its owner gives it code and gets messages. */
import { join } from 'node:path';
import type { Language } from '@berth/wire';
import { Account } from '../processes/account.js';
import { userEnvironment } from '../processes/environment.js';
import { killAll, send } from '../processes/kill.js';
import { launch, type Ended, type Launched } from '../processes/launch.js';
import type { Output, OutputSink } from '../processes/output.js';
import { readProcess, readProcesses, type ProcessEntry } from '../processes/table.js';
import { treeOf } from '../processes/tree.js';
import { enter } from '../runs/directory.js';
import type { Ground } from '../runs/ground.js';
import type { Source } from '../runs/run.js';
import { Lines } from './lines.js';
import { parseReplMessage, type ReplMessage } from './messages.js';

/** Longest control line, in bytes. */
const MOST_LINE = 16 * 1024 * 1024;

const SCRIPTS: Readonly<Record<Language, string>> = { python: 'python.py', node: 'node.mjs', bash: 'bash.sh' };

/** Receives what the REPL says and prints; replaced for each run. */
export interface ReplListener {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  /** `undefined`: a line that was no message. */
  message(message: ReplMessage | undefined): void;
}

interface Accounts {
  readonly main: Account;
  /** Waits for what outlives its parent. */
  readonly subreaper: Account | undefined;
}

export class Repl {
  readonly exit: Promise<Ended>;
  /** Resolves when the process has set itself up; true then, false when it ended before. */
  readonly ready: Promise<boolean>;
  listener: ReplListener;
  readonly #launched: Launched;
  readonly #lines = new Lines(MOST_LINE);
  #setReady: (ready: boolean) => void = () => {};
  #main: ProcessEntry | undefined;
  #accounts: Accounts | undefined;
  #peakMemory = 0;

  private constructor(launched: Launched, listener: ReplListener) {
    this.#launched = launched;
    this.exit = launched.exit;
    this.listener = listener;
    this.ready = new Promise((resolve) => (this.#setReady = resolve));
    void this.exit.then(() => this.#setReady(false));
    const { from, to } = launched.control!;
    from.on('data', (chunk: Buffer) => this.#received(chunk));
    // The process is gone, or has closed its end: its exit tells.
    from.on('error', () => {});
    to.on('error', () => {});
  }

  /** Starts the process; `ready` comes as a message. `listener` is the first one. Rejects with the system's error. */
  static async start(ground: Ground, language: Language, interpreter: readonly string[], listener: ReplListener): Promise<Repl> {
    const { places, spec } = ground;
    const argv = [...interpreter, join(places.carry, 'repl', SCRIPTS[language])];
    const directory = await enter(places.work, '.', argv);
    try {
      const launched = await launch(ground.launch, {
        argv: directory.argv,
        cwd: directory.cwd,
        env: userEnvironment(spec.env, places.work),
        stdin: 'none',
        control: true,
        // Output is paused at first, so nothing comes before `repl` is there.
        stdout: (data) => repl.listener.stdout(data),
        stderr: (data) => repl.listener.stderr(data),
      });
      const repl: Repl = new Repl(launched, listener);
      return repl;
    } finally {
      await directory.close();
    }
  }

  get outputs(): readonly Output[] {
    return this.#launched.outputs;
  }

  /** All that brings something from the process. */
  get sources(): readonly Source[] {
    return [...this.outputs, this.#launched.control!.from];
  }

  send(message: object): void {
    this.#launched.control!.to.write(`${JSON.stringify(message)}\n`);
  }

  /** All processes of the session; the subreaper is not among them. */
  members(): readonly ProcessEntry[] {
    const { pid, subreaper } = this.#launched;
    const table = readProcesses();
    const tree = treeOf(table, pid);
    return subreaper ? tree : [...table.filter((entry) => entry.pid === pid), ...tree];
  }

  /** CPU time in milliseconds that the session has used so far, without what still runs beside the language process. */
  cpuMs(): number {
    const accounts = this.#openAccounts();
    return (accounts?.main.cpuMs() ?? 0) + (accounts?.subreaper?.cpuMs() ?? 0);
  }

  /** The most memory of the language process in bytes, when that is more than at the last call; else null. */
  higherPeakMemory(): number | null {
    const peak = this.#openAccounts()?.main.peakMemory();
    if (peak === undefined || peak <= this.#peakMemory) return null;
    this.#peakMemory = peak;
    return peak;
  }

  /** Signals the language process itself, past the subreaper, so that the signal is there when the call returns. */
  signal(signal: NodeJS.Signals): void {
    const main = this.#findMain();
    if (main) send(main.pid, signal);
  }

  /** True for the language process itself. */
  isMain(entry: ProcessEntry): boolean {
    return this.#findMain()?.pid === entry.pid;
  }

  /** Ends everything; {@link exit} follows. */
  async kill(lastResort: () => void): Promise<void> {
    await killAll(() => this.members(), lastResort);
    // The subreaper ends with its child, unless the user has stopped it.
    send(this.#launched.pid, 'SIGKILL');
  }

  /** Closes what is open here after the exit. */
  close(): void {
    for (const output of this.outputs) output.close();
    this.#accounts?.main.close();
    this.#accounts?.subreaper?.close();
    this.#launched.control!.from.destroy();
    this.#launched.control!.to.destroy();
  }

  #received(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      const message = line === undefined ? undefined : parseReplMessage(line);
      if (message?.op === 'ready') this.#setReady(true);
      else this.listener.message(message);
    }
  }

  /** The language process itself. */
  #findMain(): ProcessEntry | undefined {
    return (this.#main ??= this.#lookForMain());
  }

  #openAccounts(): Accounts | undefined {
    const main = this.#findMain();
    if (main === undefined) return undefined;
    const { pid, subreaper } = this.#launched;
    return (this.#accounts ??= { main: new Account(main.pid), subreaper: subreaper ? new Account(pid) : undefined });
  }

  #lookForMain(): ProcessEntry | undefined {
    const { pid, subreaper } = this.#launched;
    if (!subreaper) return readProcess(pid);
    // The subreaper's own child is its oldest; what it has taken in came later.
    const children = this.members().filter(({ parent }) => parent === pid);
    return children.sort((a, b) => a.started - b.started || a.pid - b.pid)[0];
  }
}
