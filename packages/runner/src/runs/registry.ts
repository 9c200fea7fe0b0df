/** All runs of this kernel, by id. */
import { sleep } from '@berth/base';
import { BerthError, type Language, type RunId, type RunRequest, type RunView } from '@berth/wire';
import { killAll } from '../processes/kill.js';
import { readProcesses, type ProcessEntry } from '../processes/table.js';
import { descendantsOf } from '../processes/tree.js';
import { startBatch } from './batch.js';
import { sendAll, type Ground } from './ground.js';
import { QueryTask } from './query.js';
import type { Owned } from './programs.js';
import { Run } from './run.js';
import { LanguageSession } from './session.js';

/** So many finished runs are kept at most; the oldest whose end was delivered go first. */
const MOST_FINISHED = 1000;

interface Known {
  readonly run: Run;
  /** Hash of the request that started it. */
  readonly digest: string;
}

export class Registry {
  /** Called when a run has something to send. */
  readonly #onOutput: () => void;
  readonly #ground: Ground;
  readonly #known = new Map<RunId, Known>();
  readonly #sessions = new Map<Language, LanguageSession>();
  #ending = false;

  constructor(ground: Ground, onOutput: () => void) {
    this.#ground = ground;
    this.#onOutput = onOutput;
  }

  /** Starts a run, or finds the one that the same request started before. Errors: run-conflict, language-missing, shutting-down. */
  start(request: RunRequest): RunView {
    const digest = digestOf(request);
    const known = this.#known.get(request.runId);
    if (known) {
      if (known.digest === digest) return known.run.view();
      throw new BerthError('run-conflict', `run ${request.runId} was started with another request`);
    }
    if (this.#ending) throw new BerthError('shutting-down', 'the session is ending');
    const session = request.mode === 'query' ? this.#session(request.language) : undefined;
    const run = new Run(this.#ground, request);
    run.log.onAppend = this.#onOutput;
    this.#known.set(run.id, { run, digest });
    void run.over.then(() => this.#expire(run));
    if (request.mode === 'batch') run.task = startBatch(this.#ground, run, request);
    else {
      const task = new QueryTask(this.#ground, run, request);
      run.task = task;
      session!.post(task);
    }
    return run.view();
  }

  /** Errors: no-such-run. */
  get(id: RunId): Run {
    const known = this.#known.get(id);
    if (!known) throw new BerthError('no-such-run', `there is no run ${id}`);
    return known.run;
  }

  list(): readonly RunView[] {
    return [...this.#known.values()].map(({ run }) => run.view());
  }

  /** Bytes of output on disk. */
  get spilled(): number {
    let bytes = 0;
    for (const { run } of this.#known.values()) bytes += run.log.spilled;
    return bytes;
  }

  /** Forgets a finished run; undefined when it is unknown already. Errors: run-conflict while it runs. */
  forget(id: RunId): Run | undefined {
    const run = this.#known.get(id)?.run;
    if (!run) return undefined;
    if (!run.finished) throw new BerthError('run-conflict', `run ${id} has not finished`);
    this.#known.delete(id);
    run.log.discard();
    return run;
  }

  /** All that users have started, and to which run it belongs. */
  owned(): Owned {
    const owned = new Map<number, RunId | null>();
    const take = (entries: readonly ProcessEntry[], runId: RunId | null) => {
      for (const { pid } of entries) owned.set(pid, runId);
    };
    take(this.#ground.orphans(), null);
    for (const session of this.#sessions.values()) take(session.members(), null);
    for (const { run } of this.#known.values()) if (!run.finished) take(run.task?.members() ?? [], run.id);
    return owned;
  }

  complete(language: Language, code: string, cursor: number): Promise<readonly string[]> {
    return this.#session(language).complete(code, cursor);
  }

  /** The agent came or went: programs that wait for room may go on. */
  reconsider(): void {
    for (const { run } of this.#known.values()) run.log.reconsider();
  }

  /** Ends all programs: SIGTERM, after `graceMs` SIGKILL. Nothing can be started any more. */
  async end(graceMs: number): Promise<void> {
    this.#ending = true;
    const { clock, orphans, killUser, launch } = this.#ground;
    const all = (): readonly ProcessEntry[] => [...descendantsOf(readProcesses(), process.pid), ...orphans()];
    // What makes namespaces would take all that is inside with it: it ends with its program.
    const makesNamespaces = ({ parent }: ProcessEntry) => launch.inner !== undefined && parent === process.pid;
    sendAll(
      all().filter((entry) => !makesNamespaces(entry)),
      'SIGTERM',
    );
    for (let waited = 0; waited < graceMs && all().length > 0; waited += 20) await sleep(20, undefined, clock);
    await killAll(all, killUser);
  }

  #session(language: Language): LanguageSession {
    const session = this.#sessions.get(language) ?? new LanguageSession(this.#ground, language);
    this.#sessions.set(language, session);
    return session;
  }

  /** Forgets `run` some time after its end was delivered, or would have been; and the oldest when there are too many. */
  #expire(run: Run): void {
    const { clock, spec } = this.#ground;
    clock.after(spec.retention.finishedSeconds * 1000, () => this.#known.get(run.id)?.run === run && this.forget(run.id));
    if (this.#known.size <= MOST_FINISHED) return;
    for (const { run: old } of this.#known.values()) {
      if (this.#known.size <= MOST_FINISHED) break;
      if (old.finished && old.log.acknowledged === old.log.highest) this.forget(old.id);
    }
  }
}

const SHORT = 1024;

/** The request itself, or when it is long its hash: only then is node:crypto loaded, which takes as long as a small program. */
function digestOf(request: RunRequest): string {
  const text = JSON.stringify(request);
  if (text.length <= SHORT) return text;
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
}
