/**
 * One run as execute knows it: how far it has been given, and what the call that asks now gets. The runner owns the output and knows
 * what was confirmed, so an agent that has forgotten everything goes on from there.
 */
import type { Timer } from '@berth/base';
import { BerthError, type Finished, type KernelId, type RunId, type RunRequest, type RunView } from '@berth/wire';
import { Changes } from './changes.js';
import { Chunk, cursorFrom, finishedEnd, type ChunkEnd, type ConsoleItem, type Cursor } from './chunk.js';
import type { ExecuteParts, OutputScan } from './options.js';
import { RunReader } from './reader.js';
import { RunInput } from './run-input.js';
import { runIdOf, type RunName } from './run-names.js';
import type { OutputFile } from './shape.js';

/** What a call gets of a run. */
export interface Taken {
  /** Undefined: its time was up, or a later call for the same run has taken over. */
  readonly end: ChunkEnd | undefined;
  readonly items: readonly ConsoleItem[];
  /** To be called once, with what became of the answer: without it, or with false, the next call gets the same again. */
  settle(delivered: boolean): void;
}

const NOTHING_NEW: Taken = { end: undefined, items: [], settle: () => {} };

/** Hears of the end of a run. */
export interface RunOwner {
  readonly kernelId: KernelId;
  /** At the run's end, whether or not anybody has been told. May come twice. */
  ended(run: TrackedRun, finished: Finished): void;
}

export class TrackedRun {
  readonly name: RunName;
  readonly mode: RunRequest['mode'];
  readonly input: RunInput;
  /** Resolves when it is started; rejects when it cannot be. */
  readonly begun: Promise<RunId>;
  /** What was below `.output` before it, and what it left there, once known. */
  outputBefore: OutputScan | undefined;
  outputFiles: Promise<readonly OutputFile[]> | undefined;
  /** Monotonic milliseconds of the first, and of the last sign of a caller. */
  readonly created: number;
  asked: number;
  /** Monotonic milliseconds since it was interrupted because nobody asks for it. */
  givenUp: number | undefined;
  readonly #parts: ExecuteParts;
  readonly #owner: RunOwner;
  readonly #changes = new Changes();
  #setBegun: (id: RunId) => void = () => {};
  #setFailed: (error: unknown) => void = () => {};
  #startedAt: number | undefined;
  #finished: Finished | null = null;
  /** Its kernel is over, or it could not be started. */
  #failure: { readonly error: unknown } | undefined;
  #overdue = false;
  #cursor: Cursor = cursorFrom(1);
  #confirmed = 0;
  #toldEnd: ChunkEnd | undefined;
  #reader: RunReader | undefined;
  #opening: Promise<RunReader> | undefined;
  #idle: Timer | undefined;
  /** Number of the latest call. */
  #turn = 0;
  #calls = 0;
  /** The answer of which nobody has said yet what became of it. */
  #unsettled: object | undefined;

  constructor(
    parts: ExecuteParts,
    owner: RunOwner,
    run: { readonly name: RunName; readonly mode: RunRequest['mode'] },
    sent: 0 | undefined,
  ) {
    this.#parts = parts;
    this.#owner = owner;
    this.name = run.name;
    this.mode = run.mode;
    this.created = this.asked = parts.clock.monotonic();
    this.input = new RunInput(parts.service, owner.kernelId, sent);
    this.begun = new Promise((resolve, reject) => {
      this.#setBegun = resolve;
      this.#setFailed = reject;
    });
    this.begun.catch(() => {});
  }

  /** A run that an earlier life of the agent started. */
  static adopt(parts: ExecuteParts, owner: RunOwner, view: RunView, name: RunName): TrackedRun {
    const run = new TrackedRun(parts, owner, { name, mode: view.mode }, undefined);
    run.#cursor = cursorFrom(view.acknowledged + 1);
    run.#confirmed = view.acknowledged;
    run.start();
    run.#finished = view.finished;
    if (view.finished && view.acknowledged >= view.highest) run.#toldEnd = finishedEnd(view.finished);
    return run;
  }

  get id(): RunId {
    return runIdOf(this.name);
  }

  /** False while it waits for its turn. */
  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  /** Monotonic milliseconds; for a run of an earlier life of the agent, when it was found. */
  get startedAt(): number {
    return this.#startedAt ?? Infinity;
  }

  get over(): boolean {
    return this.#finished !== null || this.#failure !== undefined;
  }

  /** Nothing of it is left to give: its end was told, or there is none. */
  get done(): boolean {
    return this.#toldEnd !== undefined || this.#failure !== undefined;
  }

  /** A call waits for it now. */
  get attended(): boolean {
    return this.#calls > 0;
  }

  /** It runs. */
  start(): void {
    this.#startedAt = this.asked = this.#parts.clock.monotonic();
    this.#setBegun(this.id);
    this.#changes.tell();
  }

  finish(finished: Finished): void {
    this.#finished ??= finished;
    this.#changes.tell();
  }

  /** Nothing more will come: whoever asks gets what is there, then the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#setFailed(error);
    this.#changes.tell();
    this.close();
  }

  /** Its limit is past and it does not end: callers are told of the limit. */
  setOverdue(): void {
    this.#overdue = true;
    this.#changes.tell();
  }

  /** Lets go of what was read ahead. */
  close(): void {
    this.#idle?.cancel();
    this.#reader?.close();
    this.#reader = undefined;
  }

  /**
   * The next part of it: up to its end or anything that a caller has to know, or what has come when `late()` becomes true. `late` is
   * looked at whenever something changes and after {@link nudge}. Errors: as of the service.
   */
  async take(late: () => boolean): Promise<Taken> {
    const { clock, times } = this.#parts;
    const turn = ++this.#turn;
    const overtaken = () => turn !== this.#turn;
    this.#calls++;
    this.#idle?.cancel();
    this.#changes.tell();
    try {
      return await this.#take(() => late() || overtaken(), overtaken);
    } finally {
      this.#calls--;
      this.asked = clock.monotonic();
      if (!overtaken() && !this.done) this.#idle = clock.after(times.idleMs, () => this.close());
    }
  }

  nudge(): void {
    this.#changes.tell();
  }

  async #take(stop: () => boolean, overtaken: () => boolean): Promise<Taken> {
    await this.#settled(stop);
    // From here on a late word about the answer before changes nothing: this one gives the same again.
    if (!overtaken()) this.#unsettled = undefined;
    while (!this.started) {
      if (this.#failure) throw this.#failure.error;
      if (stop()) return NOTHING_NEW;
      await this.#changes.next();
    }
    if (this.#toldEnd) return { ...NOTHING_NEW, end: this.#toldEnd };
    const reader = await this.#open();
    const chunk = new Chunk(this.#cursor, this.#parts.limits);
    for (let seen = 0; ;) {
      while (!chunk.end && seen < reader.records.length) chunk.add(reader.records[seen++]!);
      if (overtaken()) return NOTHING_NEW;
      if (chunk.end || stop()) break;
      if (this.#failure) throw this.#failure.error;
      if (reader.over) throw this.#lost(reader);
      if (this.#overdue) return this.#hand(chunk, { status: 'exec-timeout' });
      await this.#changes.next();
    }
    return this.#hand(chunk, chunk.end);
  }

  /** Waits a little to hear what became of the answer before: it may be on its way still. */
  async #settled(stop: () => boolean): Promise<void> {
    if (!this.#unsettled) return;
    let patience = true;
    const timer = this.#parts.clock.after(this.#parts.times.settleMs, () => {
      patience = false;
      this.#changes.tell();
    });
    while (this.#unsettled && patience && !stop()) await this.#changes.next();
    timer.cancel();
  }

  #hand(chunk: Chunk, end: ChunkEnd | undefined): Taken {
    const mark = {};
    this.#unsettled = mark;
    const settle = (delivered: boolean): void => {
      // A later call has given the same again: this answer counts no more.
      if (this.#unsettled !== mark) return;
      this.#unsettled = undefined;
      if (delivered) this.#commit(chunk, end);
      this.#changes.tell();
    };
    return { end, items: chunk.items, settle };
  }

  #commit(chunk: Chunk, end: ChunkEnd | undefined): void {
    this.#cursor = chunk.cursor;
    this.#reader?.drop(this.#cursor.next);
    if (this.#reader && chunk.confirmable > this.#confirmed) {
      this.#confirmed = chunk.confirmable;
      this.#reader.ack(chunk.confirmable);
    }
    if (end?.status !== 'finished' && end?.status !== 'exec-timeout') return;
    this.#toldEnd = end;
    this.close();
  }

  async #open(): Promise<RunReader> {
    if (this.#reader && !this.#reader.over) return this.#reader;
    this.#reader = undefined;
    const { kernelId } = this.#owner;
    this.#opening ??= RunReader.open(this.#parts.service, kernelId, this.id, this.#cursor.next, (reader) =>
      this.#arrived(reader),
    );
    try {
      return (this.#reader = await this.#opening);
    } finally {
      this.#opening = undefined;
    }
  }

  #arrived({ records }: RunReader): void {
    const last = records.at(-1);
    if (last?.type === 'finished') this.#owner.ended(this, last);
    this.#changes.tell();
  }

  #lost({ over }: RunReader): unknown {
    return over?.error ?? new BerthError('no-such-run', `the output of run ${this.name.key} is no longer kept`);
  }
}
