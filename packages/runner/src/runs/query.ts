/** Code for a REPL. */
import { BerthError, type QueryRun, type RunSignal } from '@berth/wire';
import { Answers } from '../repl/answers.js';
import type { ReplMessage } from '../repl/messages.js';
import type { Repl, ReplListener } from '../repl/repl.js';
import { killAll } from '../processes/kill.js';
import type { Ended, ExitStatus } from '../processes/launch.js';
import { isDiskFull, readLimitCounters } from '../processes/limits.js';
import type { OutputSink } from '../processes/output.js';
import { ticksNow, type ProcessEntry } from '../processes/table.js';
import { sendAll, type Ground } from './ground.js';
import { detailOf, reasonOf, type AskedEnd } from './reason.js';
import type { Run, RunTask, Spent } from './run.js';
import type { End } from './start-failed.js';

/** Time that the language has to give up the code before its process is ended, and how often it is told in that time. */
const GIVE_UP_MS = 2000;
const ASK_EVERY_MS = 200;

type Done = Extract<ReplMessage, { op: 'done' }>;

/** How a query left its REPL. */
type Left = { readonly done: Done } | { readonly exit: Ended };

export class QueryTask implements RunTask, ReplListener {
  readonly run: Run;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  readonly #ground: Ground;
  readonly #request: QueryRun;
  readonly #asked: AskedEnd[] = [];
  readonly #answers = new Answers((answer) => this.#repl?.send(answer));
  #repl: Repl | undefined;
  /** Ticks at the beginning: what started since then belongs to this run. */
  #began = 0;
  #setDone: (done: Done) => void = () => {};
  readonly #done = new Promise<Done>((resolve) => (this.#setDone = resolve));
  #over = false;
  #killing: Promise<void> | undefined;

  constructor(ground: Ground, run: Run, request: QueryRun) {
    this.#ground = ground;
    this.run = run;
    this.#request = request;
    this.stdout = run.sink('stdout');
    this.stderr = run.sink('stderr');
  }

  /** Runs the code in the REPL that `open` gives; resolves when it is finished. */
  async execute(open: (listener: ReplListener) => Promise<Repl>): Promise<void> {
    // Given up while it was queued.
    if (this.run.finished) return;
    this.run.began();
    const before = readLimitCounters();
    let repl: Repl;
    try {
      repl = await open(this);
    } catch (error) {
      const detail = `The ${this.#request.language} session could not be started: ${(error as Error).message}.`;
      this.run.finish({ exitCode: 126, signal: null, reason: 'start-failed', detail, stateLost: false });
      return;
    }
    const spentBefore = repl.cpuMs();
    const left = await this.#converse(repl);
    const status: ExitStatus = 'done' in left ? { exitCode: left.done.exitCode, signal: null } : left.exit.status;
    const failed = status.exitCode !== 0;
    const reason = reasonOf({
      ...status,
      asked: this.#asked,
      before,
      after: failed ? readLimitCounters() : before,
      diskFull: failed && isDiskFull([this.#ground.places.work, '/tmp']),
    });
    const end = 'done' in left ? { ...status, reason, detail: detailOf(reason), stateLost: false } : lost(status, reason);
    this.run.finish(end, spentOf(repl, left, spentBefore));
  }

  async input(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    if (this.#over) return offset + data.length;
    if (!this.#answers.put(offset, data, end)) {
      throw new BerthError('too-large', 'more than 16 MiB of input wait for code that does not read it');
    }
    return this.#answers.taken;
  }

  signal(signal: RunSignal): void {
    if (signal === 'kill') return this.#kill('killed');
    const asked = signal === 'interrupt' ? 'interrupted' : 'killed';
    if (this.#giveUpQueued(asked)) return;
    this.#asked.push(asked);
    void this.#tell(signal === 'interrupt' ? 'SIGINT' : 'SIGTERM');
  }

  /** The language process is the run's while that has it. */
  members(): readonly ProcessEntry[] {
    const repl = this.#over ? undefined : this.#repl;
    return repl?.members().filter((entry) => entry.started >= this.#began || repl.isMain(entry)) ?? [];
  }

  message(message: ReplMessage | undefined): void {
    if (message === undefined) {
      return this.run.add({ type: 'log', text: 'A malformed message on the control descriptor was left out.' });
    }
    switch (message.op) {
      case 'media': {
        const { mime, data, encoding } = message;
        return this.run.add({ type: 'media', mime, data, encoding });
      }
      case 'html':
        return this.run.add({ type: 'html', text: message.text });
      case 'input':
        this.run.add({ type: 'waiting-input', prompt: message.prompt, password: message.password });
        return this.#answers.ask();
      case 'done':
        if (message.id === this.run.id) this.#setDone(message);
        return;
      case 'ready':
      case 'matches':
        // Not of a run: the REPL has taken the former, and nobody waits for the latter here.
        return;
    }
  }

  /** Gives the code to `repl`, and sees it through to an end after which nothing more comes. */
  async #converse(repl: Repl): Promise<Left> {
    this.#repl = repl;
    this.#began = ticksNow();
    const { timeoutMs, code } = this.#request;
    const limit = timeoutMs === undefined ? undefined : this.#ground.clock.after(timeoutMs, () => this.#kill('time-limit'));
    this.run.read(...repl.sources);
    repl.send({ op: 'run', id: this.run.id, code });
    const left = await Promise.race([this.#done.then((done) => ({ done })), repl.exit.then((exit) => ({ exit }))]);
    this.#over = true;
    limit?.cancel();
    await this.#killing;
    if ('exit' in left) await killAll(this.#ground.orphans, this.#ground.killUser);
    await Promise.all(repl.outputs.map((output) => output.drained()));
    return left;
  }

  /** Ends a run that has not begun. */
  #giveUpQueued(asked: AskedEnd): boolean {
    if (this.run.state !== 'queued') return false;
    const signal = asked === 'interrupted' ? 'SIGINT' : 'SIGKILL';
    this.run.finish({ exitCode: null, signal, reason: asked, detail: 'It had not begun.', stateLost: false });
    return true;
  }

  #kill(asked: AskedEnd): void {
    if (this.#giveUpQueued(asked)) return;
    this.#asked.push(asked);
    this.#killing ??= this.#giveUpOrEnd();
  }

  /** Asks the language to give up the code, which keeps its variables; where it does not, ends its process. */
  async #giveUpOrEnd(): Promise<void> {
    for (let waited = 0; !this.#over && waited < GIVE_UP_MS; waited += ASK_EVERY_MS) {
      await this.#tell('SIGINT');
      await killAll(() => this.#started(), this.#ground.killUser);
      // The language may stand in a write that nobody reads.
      if (this.run.log.full) for (const output of this.#repl?.outputs ?? []) void output.drained();
      await Promise.race([this.#done, this.#pause(ASK_EVERY_MS)]);
    }
    if (this.#over) await killAll(() => this.#started(), this.#ground.killUser);
    else await this.#repl?.kill(this.#ground.killUser);
  }

  /** Signals the code and what it started. A REPL that is not ready yet would die of it, so that is waited for. */
  async #tell(signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
    const repl = this.#repl;
    if (!repl || !(await Promise.race([repl.ready, this.#pause(GIVE_UP_MS)])) || this.#over) return;
    // The language itself only ever gives up the code: SIGTERM would end the session.
    repl.signal('SIGINT');
    sendAll(this.#started(), signal);
  }

  /** Processes of the session that are new since this run began. */
  #started(): readonly ProcessEntry[] {
    const repl = this.#repl;
    return repl?.members().filter((entry) => entry.started >= this.#began && !repl.isMain(entry)) ?? [];
  }

  #pause(ms: number): Promise<false> {
    return new Promise((resolve) => this.#ground.clock.after(ms, () => resolve(false)));
  }
}

function spentOf(repl: Repl, left: Left, before: number): Spent {
  // Nothing can be asked of a process that is gone; its end told the sum.
  const [now, peakMemoryBytes] = 'done' in left ? [repl.cpuMs(), repl.higherPeakMemory()] : [left.exit.cpuMs, null];
  return { cpuMs: now === null ? null : Math.max(0, now - before), peakMemoryBytes };
}

/** The language process died under the run. */
function lost(status: ExitStatus, reason: ReturnType<typeof reasonOf>): End {
  const own = reason === 'exited' || reason === 'signal';
  const detail = own ? 'The language process ended; its variables are lost.' : detailOf(reason);
  return { ...status, reason: own ? 'repl-lost' : reason, detail, stateLost: true };
}
