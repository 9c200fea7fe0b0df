/**
 * The runs of one incarnation of a kernel: one at a time, first in first out. The next one starts when the one before has finished,
 * whoever asks or does not ask; what nobody asks for any more does not keep the others waiting (D31).
 */
import { sleep, type Timer } from '@berth/base';
import { BerthError, isBerthError, type Finished, type KernelId, type KernelView, type RunId, type RunView } from '@berth/wire';
import { RpcError } from '../../transport/rpc-error.js';
import type { ExecuteParts } from './options.js';
import type { OutputFiles } from './output-files.js';
import type { WaitingRun } from './queue-store.js';
import { runRequest, startFacts, type StartFacts, type StartWish } from './request.js';
import { runNameOf, type RunName } from './run-names.js';
import { TrackedRun, type RunOwner } from './tracked-run.js';

/** Runs that are over and told are forgotten beyond this number; the runner still knows them. */
const MOST_TOLD = 100;
/** How often a start is tried again while the runner cannot be reached. */
const RETRY_MS = 500;
/** More than so many may not wait. */
const MOST_WAITING = 200;

export class KernelRuns implements RunOwner {
  readonly kernelId: KernelId;
  readonly incarnation: number;
  readonly #parts: ExecuteParts;
  readonly #outputs: OutputFiles;
  /** How long a run may take; Infinity: any time. */
  readonly #limitMs: number;
  /** The latest of each key. */
  readonly #runs = new Map<string, TrackedRun>();
  /** Those that are not over, in the order of their turns. */
  readonly #line: TrackedRun[] = [];
  /** What those that wait are. */
  readonly #waiting = new Map<TrackedRun, WaitingRun>();
  readonly #facts: StartFacts;
  #kept: readonly WaitingRun[] = [];
  #keeping: Promise<void> = Promise.resolve();
  #loading: Promise<void> | undefined;
  #lastSince = 0;
  #starting = false;
  #watch: Timer | undefined;
  #over = false;
  /** A run has taken longer than it may: the kernel will be ended, and nothing is started any more. */
  #timedOut: 'no' | 'yes' | 'reported' = 'no';

  constructor(parts: ExecuteParts, outputs: OutputFiles, view: KernelView) {
    this.#parts = parts;
    this.#outputs = outputs;
    this.kernelId = view.kernelId;
    this.incarnation = view.incarnation;
    this.#facts = startFacts(view);
    this.#limitMs = this.#facts.timeoutSeconds > 0 ? this.#facts.timeoutSeconds * 1000 : Infinity;
  }

  /** Learns once what an earlier life of the agent started. Errors: as of `listRuns`. */
  async load(): Promise<void> {
    this.#loading ??= this.#adoptEverything().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
  }

  /** The run whose turn it is. */
  get current(): TrackedRun | undefined {
    return this.#line[0];
  }

  /** The latest run of this key, also one that was forgotten here. */
  async find(key: string): Promise<TrackedRun | undefined> {
    await this.load();
    const known = this.#runs.get(key);
    if (known) return known;
    await this.#adoptAll();
    return this.#runs.get(key);
  }

  /**
   * Puts a run at the end of the line. An unfinished one of the same key, or one whose end was not told, is given instead. Throws
   * `RpcError` for what cannot be run here.
   */
  async add(key: string, wish: StartWish): Promise<TrackedRun> {
    await this.load();
    if (this.#over) throw endedError(this.kernelId);
    const known = this.#runs.get(key);
    if (known && !known.done) return known;
    if (this.#line.length > MOST_WAITING)
      throw new RpcError('builtins.RuntimeError', `${MOST_WAITING} runs wait in this kernel.`);
    runRequest(wish, this.#facts);
    const run = this.#join({ key, wish, since: this.#freshTime() });
    this.#advance();
    this.#arm();
    if (run !== this.current) await this.#keep();
    return run;
  }

  ended(run: TrackedRun, finished: Finished): void {
    run.finish(finished);
    this.#leave(run);
    if (finished.reason === 'time-limit') this.#noteTimeout();
    else this.#advance();
  }

  /** An answer about `run` has left. */
  answered(run: TrackedRun): void {
    if (run.done) this.#reportTimeout();
  }

  /** The kernel is over, or restarted: whoever waits is told so. What waited is forgotten, unless it is only the agent that stops. */
  async end(forget: boolean): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#watch?.cancel();
    for (const run of new Set([...this.#runs.values(), ...this.#line])) run.fail(endedError(this.kernelId));
    this.#line.length = 0;
    if (forget) this.#waiting.clear();
    await this.#keep();
  }

  async #adoptEverything(): Promise<void> {
    await this.#adoptAll();
    const line = await this.#parts.queue?.read(this.kernelId);
    this.#kept = line?.runs ?? [];
    if (!line || this.#over) return;
    for (const waiting of line.incarnation === this.incarnation ? line.runs : []) {
      const started = this.#runs.get(waiting.key);
      if (!started || started.name.since < waiting.since) this.#join(waiting);
    }
    await this.#keep();
    this.#advance();
    this.#arm();
  }

  #join(waiting: WaitingRun): TrackedRun {
    const { key, since, wish } = waiting;
    this.#lastSince = Math.max(this.#lastSince, since);
    const run = new TrackedRun(this.#parts, this, { name: { key, since }, mode: wish.mode }, 0);
    this.#remember(run);
    this.#waiting.set(run, waiting);
    this.#line.push(run);
    return run;
  }

  /** Writes down who waits, where that is not what was written down before. A full disk costs no more than that it is not. */
  #keep(): Promise<void> {
    const { queue, logger } = this.#parts;
    this.#keeping = this.#keeping.then(async () => {
      const runs = [...this.#waiting.values()];
      if (runs.length === this.#kept.length && runs.every((run, index) => run === this.#kept[index])) return;
      try {
        await queue?.write(this.kernelId, { incarnation: this.incarnation, runs });
        this.#kept = runs;
      } catch (error) {
        logger.warn({ kernel: this.kernelId, err: error }, 'runs that wait could not be written down');
      }
    });
    return this.#keeping;
  }

  async #adoptAll(): Promise<void> {
    for (const view of await this.#parts.service.listRuns(this.kernelId)) {
      const name = runNameOf(view.runId);
      if (name) this.#adopt(view, name);
    }
    this.#forgetDone();
    this.#arm();
  }

  #adopt(view: RunView, name: RunName): void {
    this.#lastSince = Math.max(this.#lastSince, name.since);
    const known = this.#runs.get(name.key);
    if (this.#over || (known && known.name.since >= name.since)) return;
    const run = TrackedRun.adopt(this.#parts, this, view, name);
    this.#remember(run);
    if (!view.finished) this.#line.push(run);
    else if (view.finished.reason === 'time-limit') this.#noteTimeout();
  }

  /** No two runs of one kernel are asked for at one time, whatever the clock does. */
  #freshTime(): number {
    this.#lastSince = Math.max(this.#parts.clock.now(), this.#lastSince + 1);
    return this.#lastSince;
  }

  #remember(run: TrackedRun): void {
    // As the youngest.
    this.#runs.delete(run.name.key);
    this.#runs.set(run.name.key, run);
  }

  #forgetDone(): void {
    const done = [...this.#runs.values()].filter((run) => run.done);
    for (const run of done.slice(0, Math.max(0, done.length - MOST_TOLD))) this.#runs.delete(run.name.key);
  }

  #leave(run: TrackedRun): void {
    const at = this.#line.indexOf(run);
    if (at >= 0) this.#line.splice(at, 1);
    this.#waiting.delete(run);
    this.#forgetDone();
  }

  #advance(): void {
    const head = this.#line[0];
    if (!head || head.started || this.#starting || this.#over || this.#timedOut !== 'no') return;
    this.#starting = true;
    void this.#begin(head).finally(() => {
      this.#starting = false;
      this.#advance();
    });
  }

  async #begin(run: TrackedRun): Promise<void> {
    try {
      run.outputBefore = await this.#outputs.before(this.kernelId);
      const { finished } = await this.#start(this.#waiting.get(run)!.wish, run.id);
      run.start();
      this.#waiting.delete(run);
      if (finished) this.ended(run, finished);
      this.#arm();
    } catch (error) {
      run.fail(error);
      if (!this.#over) this.#leave(run);
    }
    // It is the runner's now, and known by its id where this is not written any more.
    if (this.#kept.length > 0 && !this.#over) await this.#keep();
  }

  /** Starting is idempotent, so it is tried until the runner can be reached or the kernel is over. */
  async #start(wish: StartWish, runId: RunId): Promise<RunView> {
    const request = runRequest(wish, this.#facts)(runId);
    for (;;) {
      try {
        return await this.#parts.service.startRun(this.kernelId, request);
      } catch (error) {
        if (this.#over || !isBerthError(error) || (error.code !== 'timeout' && error.code !== 'runner-lost')) throw error;
      }
      await this.#keep();
      await sleep(RETRY_MS, undefined, this.#parts.clock);
    }
  }

  /** Sets the time of the next look, where nobody else would notice that the current run is over. */
  #arm(): void {
    this.#watch?.cancel();
    const { clock, times } = this.#parts;
    const head = this.#line[0];
    if (!head?.started || this.#over) return;
    const untilLimit = Math.max(0, this.#dueIn(head)) + times.watchMs;
    const wait = this.#line.length > 1 ? times.watchMs : untilLimit;
    if (wait === Infinity) return;
    this.#watch = clock.after(wait, () => void this.#look(head).finally(() => this.#arm()));
  }

  /** Milliseconds until the limit of a run; negative after it. */
  #dueIn({ startedAt }: TrackedRun): number {
    return startedAt + this.#limitMs - this.#parts.clock.monotonic();
  }

  async #look(run: TrackedRun): Promise<void> {
    const { service, times } = this.#parts;
    const due = this.#dueIn(run);
    if (this.#line.length > 1 && !run.attended) this.#giveUp(run);
    // What cannot be asked now is asked again.
    const views = await service.listRuns(this.kernelId).catch(() => undefined);
    if (!views || run.over || this.#over) return;
    const view = views.find(({ runId }) => runId === run.id);
    if (view?.finished) return this.ended(run, view.finished);
    if (view && due >= -times.overdueMs) return;
    if (view) {
      run.setOverdue();
      return this.#noteTimeout();
    }
    run.fail(new BerthError('no-such-run', `run ${run.name.key} is not known any more`));
    this.#leave(run);
    this.#advance();
  }

  /** Ends a run that nobody has asked for in a long time. */
  #giveUp(run: TrackedRun): void {
    const { clock, times, service, logger } = this.#parts;
    const now = clock.monotonic();
    const kill = run.givenUp !== undefined && now - run.givenUp >= times.killAfterMs;
    // Before somebody waited, it did no harm.
    const since = Math.max(run.asked, this.#line[1]!.created);
    if (!kill && (run.givenUp !== undefined || now - since < times.abandonedMs)) return;
    run.givenUp ??= now;
    if (!kill)
      logger.info({ kernel: this.kernelId, run: run.name.key }, 'a run that nobody asks for is ended: another waits for it');
    service.signalRun(this.kernelId, run.id, kill ? 'kill' : 'interrupt').catch((error: unknown) => {
      logger.debug({ kernel: this.kernelId, run: run.name.key, err: error }, 'an abandoned run could not be signalled');
    });
  }

  /** Whoever asks for the run is told first, if he comes soon. */
  #noteTimeout(): void {
    if (this.#timedOut !== 'no') return;
    this.#timedOut = 'yes';
    this.#parts.clock.after(this.#parts.times.fetchMs, () => this.#reportTimeout());
  }

  #reportTimeout(): void {
    if (this.#timedOut !== 'yes' || this.#over) return;
    this.#timedOut = 'reported';
    this.#parts.execTimeout(this.kernelId);
  }
}

const endedError = (id: KernelId): BerthError => new BerthError('session-ended', `session ${id} has ended`);
