/** The directory of one incarnation of a kernel: which runs there are, what has been done about them, and their output. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRequest } from '@berth/wire';
import type { Asked } from './ending.js';
import { RunLog } from './run-log.js';

/** What must be known of a run after a crash. */
export interface RunNotes {
  readonly request: RunRequest;
  /** When its first command was about to be sent, in milliseconds since the epoch; null: it waits. */
  sentAt: number | null;
  /** A probe for its end was about to be sent (see `Probe`). */
  probed: boolean;
  asked: Asked | null;
  /** Bytes of input taken. */
  inputOffset: number;
  /** The last `waiting-input` record that was answered. */
  answered: number;
  acknowledged: number;
  /** Bytes of records that are gone since they were confirmed. */
  droppedBytes: number;
}

export interface SpooledRun {
  /** Its place in the order of starts. */
  readonly index: number;
  readonly notes: RunNotes;
  readonly log: RunLog;
}

export class Spool {
  readonly #directory: string;
  #nextIndex = 1;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes or finds the spool below `runDirectory`, which is one incarnation's. */
  static open(runDirectory: string): { readonly spool: Spool; readonly runs: readonly SpooledRun[] } {
    const directory = join(runDirectory, 'kernel-runner', 'runs');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const spool = new Spool(directory);
    return { spool, runs: spool.#recover() };
  }

  /** A new run, written down. */
  add(request: RunRequest): SpooledRun {
    const notes: RunNotes = {
      request,
      sentAt: null,
      probed: false,
      asked: null,
      inputOffset: 0,
      answered: 0,
      acknowledged: 0,
      droppedBytes: 0,
    };
    const index = this.#nextIndex++;
    const run = { index, notes, log: new RunLog(this.#directory, index) };
    this.save(run);
    return run;
  }

  /** Writes the notes down before it returns: what they announce is done after that. */
  save({ index, notes, log }: SpooledRun): void {
    notes.acknowledged = log.acknowledged;
    notes.droppedBytes = log.droppedBytes;
    const path = this.#notesPath(index);
    writeFileSync(`${path}.tmp`, JSON.stringify(notes), { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  }

  remove(run: SpooledRun): void {
    // First: records without notes are nobody's.
    rmSync(this.#notesPath(run.index), { force: true });
    run.log.remove();
  }

  #notesPath(index: number): string {
    return join(this.#directory, `${index}.json`);
  }

  /** Undefined when they are damaged: one odd run is given up, the others live. */
  #notes(index: number): RunNotes | undefined {
    try {
      return JSON.parse(readFileSync(this.#notesPath(index), 'utf8')) as RunNotes;
    } catch {
      rmSync(this.#notesPath(index), { force: true });
      return undefined;
    }
  }

  /** Runs of an earlier life, in their order. */
  #recover(): SpooledRun[] {
    const firsts = new Map<number, number[]>();
    const runs: SpooledRun[] = [];
    const names = readdirSync(this.#directory);
    for (const name of names) {
      const [, index, first] = /^(\d+)-(\d+)\.records$/.exec(name) ?? [];
      if (index !== undefined) firsts.set(Number(index), [...(firsts.get(Number(index)) ?? []), Number(first)]);
    }
    for (const name of names) {
      const index = Number(/^(\d+)\.json$/.exec(name)?.[1] ?? 0);
      if (index === 0) continue;
      const log = new RunLog(this.#directory, index);
      const notes = this.#notes(index);
      if (!notes) continue;
      log.recover(firsts.get(index) ?? []);
      log.droppedBytes = notes.droppedBytes;
      log.acknowledge(notes.acknowledged);
      runs.push({ index, notes, log });
      this.#nextIndex = Math.max(this.#nextIndex, index + 1);
      firsts.delete(index);
    }
    for (const [index, those] of firsts) for (const first of those) rmSync(join(this.#directory, `${index}-${first}.records`));
    return runs.sort((a, b) => a.index - b.index);
  }
}
