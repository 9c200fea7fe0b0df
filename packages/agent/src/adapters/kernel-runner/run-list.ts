/** The runs of one kernel that are still kept, in the order of their starts, within the budget. */
import { BerthError, type RetentionLimits, type RunId, type RunRequest, type RunView } from '@berth/wire';
import { commandsOf } from './commands.js';
import { KernelRun } from './run.js';
import type { Spool, SpooledRun } from './spool.js';

/** So many finished runs are kept at most; the oldest whose end was delivered go first. */
const MOST_FINISHED = 200;
/** So many runs may wait. */
const MOST_WAITING = 1000;

export class RunList {
  readonly #spool: Spool;
  readonly #limits: RetentionLimits;
  readonly #runs = new Map<RunId, KernelRun>();
  #current: KernelRun | undefined;

  constructor(spool: Spool, found: readonly SpooledRun[], limits: RetentionLimits) {
    this.#spool = spool;
    this.#limits = limits;
    for (const spooled of found) this.#add(new KernelRun(spool, spooled));
  }

  get all(): readonly KernelRun[] {
    return [...this.#runs.values()];
  }

  /** Bytes of records on disk. */
  get bytes(): number {
    return this.all.reduce((sum, { log }) => sum + log.bytes, 0);
  }

  /** Whether record `seq` of the run with this index is kept, or was. If not, those from `first` on are dropped: a crash cut them. */
  has(index: number, seq: number, first: number): boolean {
    const run = this.all.find(({ spooled }) => spooled.index === index);
    if (run === undefined || run.log.highest >= seq) return true;
    if (run.log.highest >= first) run.log.cutBack(first);
    return false;
  }

  views(): readonly RunView[] {
    return this.all.map((run) => run.view());
  }

  /** Errors: no-such-run. */
  get(id: RunId): KernelRun {
    const run = this.#runs.get(id);
    if (!run) throw new BerthError('no-such-run', `there is no run ${id}`);
    return run;
  }

  /** The one that the runner has been given and that has not ended; it works on one at a time. */
  get current(): KernelRun | undefined {
    if (!this.#current || this.#current.log.finished) {
      this.#current = this.all.find(({ notes, log }) => notes.sentAt !== null && !log.finished);
    }
    return this.#current;
  }

  get next(): KernelRun | undefined {
    return this.all.find(({ notes, log }) => notes.sentAt === null && !log.finished);
  }

  /** A new run, or the one that the same request made before. Errors: run-conflict, resources-short, terminal-missing, state-unwritable. */
  start(request: RunRequest): { readonly run: KernelRun; readonly isNew: boolean } {
    const known = this.#runs.get(request.runId);
    if (known) {
      if (JSON.stringify(known.notes.request) === JSON.stringify(request)) return { run: known, isNew: false };
      throw new BerthError('run-conflict', `run ${request.runId} was started with another request`);
    }
    if (this.all.filter(({ log }) => !log.finished).length >= MOST_WAITING) {
      throw new BerthError('resources-short', `${MOST_WAITING} runs wait in this session already`);
    }
    return { run: this.#add(this.#new(request)), isNew: true };
  }

  /** Errors: run-conflict while it has not finished. */
  forget(id: RunId): void {
    const run = this.#runs.get(id);
    if (!run) return;
    if (!run.log.finished) throw new BerthError('run-conflict', `run ${id} has not finished`);
    this.#runs.delete(id);
    run.remove();
  }

  /** Forgets what has been kept long enough: finished runs whose end was delivered, beyond the number that is kept. */
  expire(): void {
    const finished = this.all.filter(({ log }) => log.finished);
    const tooMany = finished.length - MOST_FINISHED;
    if (tooMany <= 0) return;
    for (const run of finished.filter(({ isDelivered, isRead }) => isDelivered && !isRead).slice(0, tooMany)) this.forget(run.id);
  }

  /**
   * True when more may be read from the kernel. Over budget, finished runs go that nobody reads: delivered ones, then those that were
   * not asked to last. Output of a run that goes on is never dropped.
   */
  hasRoom(): boolean {
    if (this.bytes < this.#limits.diskBytes) return true;
    const idle = this.all.filter(({ log, isRead }) => log.finished && !isRead);
    const order = [
      ...idle.filter((run) => run.isDelivered),
      ...idle.filter((run) => !run.isDelivered && !run.notes.request.durable),
    ];
    for (const run of order) {
      this.forget(run.id);
      if (this.bytes < this.#limits.diskBytes) return true;
    }
    return false;
  }

  close(error: BerthError): void {
    for (const run of this.all) run.close(error);
  }

  #new(request: RunRequest): KernelRun {
    try {
      // First what may be refused, then what stays.
      commandsOf(request);
      return new KernelRun(this.#spool, this.#spool.add(request));
    } catch (error) {
      if (error instanceof BerthError) throw error;
      throw new BerthError('state-unwritable', `the run cannot be written down: ${(error as Error).message}`, { cause: error });
    }
  }

  #add(run: KernelRun): KernelRun {
    this.#runs.set(run.id, run);
    return run;
  }
}
