/** One run of the fake service: its records are kept for every reader, within a reader's window. */
import {
  BerthError,
  encodeFrames,
  encodeRecordPayload,
  readFrames,
  RECORD_TYPES,
  type AttachOptions,
  type Finished,
  type Frame,
  type RunRecord,
  type RunRequest,
  type RunSignal,
  type RunStream,
  type RunView,
} from '@berth/wire';

const WINDOW_BYTES = 4 * 1024 * 1024;

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;
export type NewRecord = WithoutSeq<RunRecord>;

const ENDED: Finished = { exitCode: 0, signal: null, reason: 'exited', detail: '', stateLost: false, wallMs: 1 };

/** Wakes all who wait for a change. */
class Changes {
  #waiting: (() => void)[] = [];
  tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export class FakeRun {
  readonly request: RunRequest;
  readonly signals: RunSignal[] = [];
  readonly #changes = new Changes();
  readonly #records: { readonly frames: readonly Frame[]; readonly bytes: number }[] = [];
  #finished: Finished | null = null;
  #input = Buffer.alloc(0);
  #inputEnded = false;
  #inputRead = 0;
  #acknowledged = 0;
  #broken: BerthError | undefined;

  constructor(request: RunRequest) {
    this.request = request;
  }

  /** Appends a record. */
  emit(record: NewRecord): void {
    const seq = this.#records.length + 1;
    const payload = encodeRecordPayload({ seq, ...record } as RunRecord);
    this.#records.push({ frames: readFrames(encodeFrames(RECORD_TYPES[record.type], 0, seq, payload)), bytes: payload.length });
    this.#changes.tell();
  }

  print(text: string): void {
    this.emit({ type: 'stdout', data: Buffer.from(text) });
  }

  finish(how: Partial<Finished> = {}): void {
    if (this.#finished) return;
    this.#finished = { ...ENDED, ...how };
    this.emit({ type: 'finished', ...this.#finished });
  }

  /** Every stream of this run rejects from now on. */
  break(error: BerthError): void {
    this.#broken = error;
    this.#changes.tell();
  }

  /** Input not read before, or undefined at its end. */
  async read(): Promise<string | undefined> {
    while (this.#inputRead === this.#input.length && !this.#inputEnded) await this.#changes.next();
    if (this.#inputRead === this.#input.length) return undefined;
    const text = this.#input.subarray(this.#inputRead).toString();
    this.#inputRead = this.#input.length;
    this.#changes.tell();
    return text;
  }

  /** Resolves at the first signal. */
  async signalled(): Promise<RunSignal> {
    while (this.signals.length === 0) await this.#changes.next();
    return this.signals.at(-1)!;
  }

  /** Resolves once a reader has confirmed record `seq`. */
  async acknowledged(seq: number): Promise<void> {
    while (this.#acknowledged < seq) await this.#changes.next();
  }

  signal(signal: RunSignal): void {
    this.signals.push(signal);
    if (signal === 'kill') this.finish({ exitCode: null, signal: 'SIGKILL', reason: 'killed' });
    this.#changes.tell();
  }

  /** Resolves, as the real one, once the program has read it. */
  async takeInput(offset: number, data: Uint8Array, end: boolean): Promise<number> {
    if (offset > this.#input.length) {
      throw new BerthError('bad-request', `input at ${offset} leaves bytes out`, { fields: { taken: this.#input.length } });
    }
    this.#input = Buffer.concat([this.#input, data.subarray(Math.min(data.length, this.#input.length - offset))]);
    this.#inputEnded ||= end;
    this.#changes.tell();
    const upTo = this.#input.length;
    while (this.#inputRead < upTo && !this.#finished) await this.#changes.next();
    return upTo;
  }

  get view(): RunView {
    const { runId, mode } = this.request;
    const state = this.#finished ? 'finished' : 'running';
    return {
      runId,
      mode,
      state,
      lowest: 1,
      highest: this.#records.length,
      acknowledged: this.#acknowledged,
      finished: this.#finished,
    };
  }

  attach({ from, windowBytes = WINDOW_BYTES }: AttachOptions): RunStream {
    const changes = this.#changes;
    let next = from;
    let confirmed = from - 1;
    let underWay = 0;
    let closed = false;
    const ack = (seq: number) => {
      for (; confirmed < Math.min(seq, next - 1); confirmed++) underWay -= this.#records[confirmed]!.bytes;
      this.#acknowledged = Math.max(this.#acknowledged, confirmed);
      changes.tell();
    };
    const close = () => {
      closed = true;
      changes.tell();
    };
    const batches = async function* (run: FakeRun): AsyncGenerator<readonly Frame[]> {
      while (!closed) {
        if (run.#broken) throw run.#broken;
        const batch: Frame[] = [];
        for (let record; underWay < windowBytes && (record = run.#records[next - 1]); next++) {
          underWay += record.bytes;
          batch.push(...record.frames);
        }
        if (batch.length > 0) yield batch;
        else if (run.#finished && next > run.#records.length) return;
        else await changes.next();
      }
    };
    return { ack, close, [Symbol.asyncIterator]: () => batches(this) };
  }
}
