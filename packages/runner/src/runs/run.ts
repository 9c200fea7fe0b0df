/** One run: its output and how it ended. What it is made of (a process of its own, or code for a REPL) is its task's business. */
import {
  encodeRecordPayload,
  MAX_JOINED_PAYLOAD,
  RECORD_TYPES,
  type Finished,
  type RunId,
  type RunRecord,
  type RunRequest,
  type RunSignal,
  type RunState,
  type RunUsage,
  type RunView,
  type ServiceMark,
  type TerminalSize,
  type TerminalView,
} from '@berth/wire';
import { readThrottling, type Throttling } from '../processes/limits.js';
import type { OutputSink } from '../processes/output.js';
import type { ProcessEntry } from '../processes/table.js';
import { RetentionLog } from '../retention/log.js';
import { FileSpill } from '../retention/spill.js';
import type { Ground } from './ground.js';
import { throttledShare, whySlow } from './reason.js';
import type { End } from './start-failed.js';

/** What can be asked of the thing that runs. */
export interface RunTask {
  /** Takes input whose first byte has number `offset`; resolves with the bytes taken in all. */
  input(offset: number, data: Uint8Array, end: boolean): Promise<number>;
  signal(signal: RunSignal): void;
  /** Its processes, as far as they are its own. */
  members(): readonly ProcessEntry[];
  /** Of a run with a terminal. */
  readonly resize?: (size: TerminalSize) => void;
}

/** Brings output, and can be held back. */
export interface Source {
  pause(): void;
  resume(): void;
}

/** What the processes of a run used, as far as its task knows. */
export type Spent = Pick<RunUsage, 'cpuMs' | 'peakMemoryBytes'>;
/** Of a run that has never begun. */
const NOTHING_SPENT: Spent = { cpuMs: 0, peakMemoryBytes: null };

/** A record without its number. */
type Unnumbered<R = RunRecord> = R extends unknown ? Omit<R, 'seq'> : never;

export class Run {
  readonly id: RunId;
  readonly mode: RunRequest['mode'];
  readonly log: RetentionLog;
  /** Resolves after the `finished` record was added. */
  readonly over: Promise<void>;
  task: RunTask | undefined;
  readonly #ground: Ground;
  readonly #sources = new Set<Source>();
  #setOver: () => void = () => {};
  #startedAt: number;
  /** By the clock on the wall. */
  #startTime: number | null = null;
  #endTime: number | null = null;
  #throttling: Throttling | undefined;
  #outputBytes = 0;
  #state: RunState = 'queued';
  #finished: Finished | null = null;
  #terminal: TerminalView | undefined;
  readonly #service: ServiceMark | undefined;

  constructor(ground: Ground, request: RunRequest) {
    const { places, spec, clock, memory, agentConnected } = ground;
    this.id = request.runId;
    this.mode = request.mode;
    this.#ground = ground;
    this.#startedAt = clock.monotonic();
    if (request.mode === 'batch') {
      this.#service = request.service;
      if (request.terminal) this.#terminal = { ...request.terminal, inputBytes: 0 };
    }
    this.log = new RetentionLog({
      limits: spec.retention,
      memory,
      spill: new FileSpill(places.run, spec.retention.diskBytes),
      clock,
      durable: request.durable ?? false,
      agentConnected,
    });
    this.log.onRoom = () => {
      for (const source of this.#sources) source.resume();
    };
    this.over = new Promise((resolve) => (this.#setOver = resolve));
  }

  get state(): RunState {
    return this.#state;
  }

  get finished(): Finished | null {
    return this.#finished;
  }

  view(): RunView {
    const { lowest, highest, acknowledged } = this.log;
    // Whoever sees the highest number may ask for what comes after it.
    this.log.seal();
    return {
      runId: this.id,
      mode: this.mode,
      state: this.#state,
      lowest,
      highest,
      acknowledged,
      finished: this.#finished,
      startedAt: this.#startTime,
      endedAt: this.#endTime,
      ...(this.#terminal && { terminal: this.#terminal }),
      ...(this.#service && { service: this.#service }),
    };
  }

  /** The program has taken `inputBytes` in all. */
  typed(inputBytes: number): void {
    if (this.#terminal) this.#terminal = { ...this.#terminal, inputBytes };
  }

  resized(size: TerminalSize): void {
    if (this.#terminal) this.#terminal = { ...this.#terminal, ...size };
  }

  /** From now on it runs; wall time counts. */
  began(): void {
    this.#startedAt = this.#ground.clock.monotonic();
    this.#startTime = this.#ground.clock.now();
    this.#throttling = readThrottling();
    this.#state = 'running';
  }

  /** Sink for one of the output streams. */
  sink(type: 'stdout' | 'stderr'): OutputSink {
    return (data) => {
      this.#outputBytes += data.length;
      this.log.write(RECORD_TYPES[type], data);
      this.#holdBack();
    };
  }

  /** Lets `sources` go on while there is room for what they bring, and only then. */
  read(...sources: readonly Source[]): void {
    for (const source of sources) {
      this.#sources.add(source);
      source.resume();
    }
    this.#holdBack();
  }

  /** Adds a record other than output; one that is too large to be sent is told of instead. */
  add(record: Unnumbered): void {
    const payload = encodeRecordPayload({ seq: 0, ...record } as RunRecord);
    if (payload.length > MAX_JOINED_PAYLOAD) {
      return this.add({ type: 'log', text: `A ${record.type} record of ${payload.length} bytes is too large and was left out.` });
    }
    this.log.add(RECORD_TYPES[record.type], payload);
    this.#holdBack();
  }

  /** The end; only the first one counts. */
  finish(end: End, spent: Spent = NOTHING_SPENT): void {
    if (this.#finished) return;
    const wallMs = this.#state === 'queued' ? 0 : Math.round(this.#ground.clock.monotonic() - this.#startedAt);
    const throttled = throttledShare(this.#throttling, readThrottling());
    const detail = end.detail || whySlow(end.reason, wallMs, throttled);
    this.#finished = { ...end, detail, wallMs, usage: { ...spent, outputBytes: this.#outputBytes, throttled } };
    this.#state = 'finished';
    this.#endTime = this.#ground.clock.now();
    this.#sources.clear();
    this.add({ type: 'finished', ...this.#finished });
    this.#setOver();
  }

  #holdBack(): void {
    if (this.log.full) for (const source of this.#sources) source.pause();
  }
}
