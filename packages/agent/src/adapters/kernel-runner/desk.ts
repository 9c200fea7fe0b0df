/** Works off the runs of one kernel, one after the other, and writes down what the runner says, before anything else. */
import { sleep, type Clock, type Timer } from '@berth/base';
import { BerthError, type Finished, type RunId, type RunRequest, type RunSignal, type RunView } from '@berth/wire';
import { Completions } from './completions.js';
import { ASKED_BY, endOf, endOfLost, endOfUnsent, type Asked } from './ending.js';
import type { Inbox } from './inbox.js';
import { parseOutput, unnumbered, type Output, type Unnumbered } from './outputs.js';
import { Probe, PROBE } from './probe.js';
import type { RunList } from './run-list.js';
import type { KernelRun } from './run.js';

/** What follows at once follows well within this. */
const AT_ONCE_MS = 2000;
const DISK_AGAIN_MS = 1000;
/**
 * A second interrupt so soon is the first one again: one that reaches the runner after the run's end would end its Python thread, and
 * no query would ever be answered again.
 */
const INTERRUPT_AGAIN_MS = 500;
/** Confirmations are written down at most so late. */
const SAVE_MS = 200;
/** The budget is looked at each time that so many bytes were taken. */
const LOOK_BYTES = 1024 * 1024;

export interface DeskOptions {
  readonly runs: RunList;
  readonly send: (type: string, text: string) => void;
  /** Where messages come from: told what becomes of each. */
  readonly inbox: Pick<Inbox, 'intend' | 'settle'>;
  readonly clock: Clock;
}

export class Desk {
  readonly completions: Completions;
  /** Messages that were not understood, and output that belonged to no run. */
  odd = 0;
  stray = 0;
  readonly #options: DeskOptions;
  #probe: Probe | undefined;
  #patience: Timer | undefined;
  /** A record that the full disk did not take, and what comes after it. */
  #stuck: (() => void) | undefined;
  #saving: Timer | undefined;
  #savedAt = Number.NEGATIVE_INFINITY;
  #unlooked = 0;
  /** A message is being dealt with: whether a record has come of it. */
  #taking: { written: boolean } | undefined;
  #ending = false;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(options: DeskOptions) {
    this.#options = options;
    this.completions = new Completions(options.send, options.clock);
  }

  /** Goes on where an earlier life stopped. */
  resume(): void {
    const { current } = this.#options.runs;
    if (current) {
      this.#probe = new Probe();
      if (!current.notes.probed) {
        current.notes.probed = true;
        current.save();
        for (const [type, text] of PROBE) this.#options.send(type, text);
      }
      this.#limit(current);
    }
    this.#advance();
  }

  start(request: RunRequest): RunView {
    if (this.#ending) throw new BerthError('shutting-down', 'the session is ending');
    const { run, isNew } = this.#options.runs.start(request);
    if (isNew) this.#advance();
    return run.view();
  }

  signal(id: RunId, signal: RunSignal): void {
    this.#ask(this.#options.runs.get(id), ASKED_BY[signal]);
  }

  input(id: RunId, offset: number, data: Buffer, end: boolean): Promise<number> {
    const run = this.#options.runs.get(id);
    if (run.log.finished) return Promise.resolve(offset + data.length);
    const taken = run.input.add(offset, data, end);
    this.#answer(run);
    return taken;
  }

  /** Resolves when more may be taken; rejects with the signal. */
  async room(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#stuck) {
        await sleep(DISK_AGAIN_MS, signal, this.#options.clock);
        const again = this.#stuck;
        this.#stuck = undefined;
        again();
      } else if (this.#unlooked < LOOK_BYTES) return;
      else if (this.#options.runs.hasRoom()) this.#unlooked = 0;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** One message of the runner, the one that the inbox gave last. Never throws: what is odd is counted. */
  take(message: readonly Uint8Array[]): void {
    // Another link takes it again.
    if (this.#closed) return;
    for (const { length } of message) this.#unlooked += length;
    this.#taking = { written: false };
    this.#take(message);
    const { written } = this.#taking;
    this.#taking = undefined;
    // What the probe holds is taken again after a crash.
    if (!this.#probe?.holds) this.#options.inbox.settle(written);
  }

  #take(message: readonly Uint8Array[]): void {
    const output = parseOutput(message);
    const { current } = this.#options.runs;
    switch (output.kind) {
      case 'odd':
        this.odd += 1;
        return;
      case 'status':
        return this.completions.status();
      case 'completion':
        return this.completions.completion(output.matches);
      case 'build-finished':
      case 'finished':
        return this.#step(current, output);
      default:
        if (!current) this.stray += 1;
        else if (output.kind === 'records') this.#write(current, output.records);
        else this.#write(current, [output.record], () => this.#answer(current));
    }
  }

  /** Something changed that {@link room} may wait for. */
  confirmed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    // The first at once: who polls confirms every two seconds, and an agent that is killed right then should not tell it all again.
    const { clock } = this.#options;
    const wait = this.#savedAt + SAVE_MS - clock.monotonic();
    if (wait <= 0) return this.#saveConfirmed();
    this.#saving ??= clock.after(wait, () => this.#saveConfirmed());
  }

  #saveConfirmed(): void {
    this.#saving?.cancel();
    this.#saving = undefined;
    this.#savedAt = this.#options.clock.monotonic();
    for (const run of this.#options.runs.all) if (run.unsaved) saved(() => run.save());
  }

  /** Ends what runs, as far as the runner lets it; resolves when nothing runs, or after `graceMs`. Nothing can be started any more. */
  async wind(graceMs: number): Promise<void> {
    this.#ending = true;
    const { runs, clock } = this.#options;
    for (const run of [...runs.all].reverse()) this.#ask(run, 'killed');
    for (let waited = 0; waited < graceMs && runs.current && !this.#closed; waited += 20) await sleep(20, undefined, clock);
  }

  close(error: BerthError): void {
    this.#closed = true;
    this.#patience?.cancel();
    this.#saving?.cancel();
    this.completions.giveUp();
    saved(() => this.#options.runs.close(error));
    this.confirmed();
    this.#saving?.cancel();
  }

  /** A step of the current run is over, or the probe is answered. */
  #step(run: KernelRun | undefined, output: Extract<Output, { kind: 'build-finished' | 'finished' }>): void {
    // Terminal kernels end a query twice: the first word is about files, the second is the end.
    if (output.exitCode === null) return;
    const answer = this.#probe?.take(output.kind, output.exitCode) ?? 'other';
    this.#patience?.cancel();
    if (this.#probe?.hurried) this.#patience = this.#options.clock.after(AT_ONCE_MS, () => this.#probeSilent());
    if (answer === 'held') return;
    if (answer === 'swallowed') return this.#advance();
    if (!run) return void (this.stray += 1);
    if (answer === 'lost') return this.#finish(run, endOfLost());
    if (answer !== 'other') return this.#finishWith(run, answer.ended);
    if (output.kind === 'finished') return this.#finishWith(run, output.exitCode);
    if (run.commands.build !== null) this.#write(run, [unnumbered({ type: 'build-finished', exitCode: output.exitCode })]);
  }

  #probeSilent(): void {
    const answer = this.#probe?.giveUp();
    const { current } = this.#options.runs;
    if (typeof answer === 'object' && current) this.#finishWith(current, answer.ended);
    else this.#advance();
  }

  #finishWith(run: KernelRun, exitCode: number): void {
    this.#finish(run, endOf(exitCode, run.notes.asked, run.log.buildCode ?? 0));
  }

  #finish(run: KernelRun, end: Omit<Finished, 'wallMs'>): void {
    const { clock, runs } = this.#options;
    const wallMs = run.notes.sentAt === null ? 0 : Math.max(0, clock.now() - run.notes.sentAt);
    this.#guarded(
      () => {
        this.#intend(run, 1);
        run.finish({ ...end, wallMs });
      },
      () => {
        runs.expire();
        this.#advance();
      },
    );
  }

  /** Gives the runner the next run when it is free. */
  #advance(): void {
    const { runs, clock, send } = this.#options;
    const { next } = runs;
    if (!next || runs.current || this.#probe?.open || this.#stuck || this.#closed) return;
    const { build, main } = next.commands;
    next.notes.sentAt = clock.now();
    this.#guarded(
      () => next.save(),
      () => {
        if (build !== null) send('build', build);
        send(main.type, main.text);
        this.#limit(next);
      },
    );
  }

  #limit(run: KernelRun): void {
    const { timeoutMs } = run.notes.request;
    if (timeoutMs === undefined || run.notes.sentAt === null) return;
    const left = Math.max(0, run.notes.sentAt + timeoutMs - this.#options.clock.now());
    run.limit = this.#options.clock.after(left, () => this.#ask(run, 'time-limit'));
  }

  /** The runner knows one way to end a run; a run that does not heed it goes on. */
  #ask(run: KernelRun, asked: Asked): void {
    if (run.log.finished) return;
    if (run.notes.sentAt === null) return this.#finish(run, endOfUnsent(asked));
    run.notes.asked ??= asked;
    saved(() => run.save());
    const now = this.#options.clock.monotonic();
    if (now < run.interruptibleAt) return;
    run.interruptibleAt = now + INTERRUPT_AGAIN_MS;
    this.#options.send('interrupt', '');
  }

  /** Gives the run a line, if it asks for one and there is one. */
  #answer(run: KernelRun): void {
    const { notes, log, input } = run;
    if (log.finished || run !== this.#options.runs.current || log.lastWaiting <= notes.answered) return;
    const line = input.next();
    if (!line) return;
    notes.answered = log.lastWaiting;
    notes.inputOffset = line.upTo;
    saved(() => run.save());
    this.#options.send('input', line.text);
    input.handedOver();
  }

  #write(run: KernelRun, records: readonly Unnumbered[], then: () => void = () => {}): void {
    this.#guarded(() => {
      this.#intend(run, records.length);
      run.append(records);
    }, then);
  }

  #intend(run: KernelRun, records: number): void {
    if (!this.#taking) return;
    this.#options.inbox.intend(run.spooled.index, run.log.highest + 1, run.log.highest + records);
    this.#taking.written = true;
  }

  /** Does `work`, then `then`; when the disk is full, the same again later, and nothing is taken from the kernel before that. */
  #guarded(work: () => void, then: () => void): void {
    if (this.#stuck) {
      const before = this.#stuck;
      this.#stuck = () => {
        before();
        this.#guarded(work, then);
      };
      return;
    }
    try {
      work();
    } catch {
      this.#stuck = () => this.#guarded(work, then);
      return;
    }
    then();
  }
}

/** What only helps after a crash is not worth failing for. */
function saved(work: () => void): void {
  try {
    work();
  } catch {
    // The disk is full; the next change tries again.
  }
}
