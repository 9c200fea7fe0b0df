/** What one call of execute gives of a run: its next records, up to a point at which the caller has to be told something. Pure. */
import { constants } from 'node:os';
import type { Finished, FinishReason, RunRecord } from '@berth/wire';
import { cutText, decodeOn, decodeRest, NO_CARRY, type Carry } from './text.js';

/** One entry of the console of API version 2 (seed spec 9.4). */
export type ConsoleItem =
  readonly ['stdout' | 'stderr' | 'html' | 'log', string] | readonly ['media', readonly [mime: string, data: string]];

/** Why nothing more goes into a chunk; `full`: the next call gives more. */
export type ChunkEnd =
  | { readonly status: 'full' }
  | { readonly status: 'build-finished'; readonly exitCode: number }
  | { readonly status: 'waiting-input'; readonly password: boolean }
  | { readonly status: 'finished'; readonly exitCode: number | null }
  | { readonly status: 'exec-timeout' };

/** Up to where a run has been given. */
export interface Cursor {
  /** Number of the next record. */
  readonly next: number;
  /** Bytes of that record that were given before. */
  readonly offset: number;
  readonly stdout: Carry;
  readonly stderr: Carry;
}

export const cursorFrom = (next: number): Cursor => ({ next, offset: 0, stdout: NO_CARRY, stderr: NO_CARRY });

export interface ChunkLimits {
  /** Characters on each of stdout and stderr. */
  readonly characters: number;
  /** Bytes after which nothing more is added. Below the window of the stream: a full window stops it. */
  readonly bytes: number;
  /** Records after which nothing more is added, for the same reason. */
  readonly records: number;
  /** Bytes of one html, log or media record. */
  readonly recordBytes: number;
}

/** 524,288 characters and 10,485,760 bytes are the manager's documented limits (seed spec 9.3, 9.4). */
export const CHUNK_LIMITS: ChunkLimits = {
  characters: 524_288,
  bytes: 3 * 1024 * 1024,
  records: 4000,
  recordBytes: 10_485_760,
};

type OutputRecord = Extract<RunRecord, { readonly type: 'stdout' | 'stderr' }>;
const isOutput = (record: RunRecord): record is OutputRecord => record.type === 'stdout' || record.type === 'stderr';

/** Ends that nobody would understand without a word; of the others the code says enough. */
const EXPLAINED: ReadonlySet<FinishReason> = new Set(['start-failed', 'repl-lost', 'oom', 'pids-limit', 'disk-full']);

/** The longest prompt that is shown. */
const MOST_PROMPT = 65_536;

export class Chunk {
  readonly items: ConsoleItem[] = [];
  #end: ChunkEnd | undefined;
  #next: number;
  #offset: number;
  readonly #carries: { stdout: Carry; stderr: Carry };
  readonly #used = { stdout: 0, stderr: 0 };
  readonly #limits: ChunkLimits;
  #bytes = 0;
  #records = 0;

  constructor(from: Cursor, limits: ChunkLimits = CHUNK_LIMITS) {
    this.#next = from.next;
    this.#offset = from.offset;
    this.#carries = { stdout: from.stdout, stderr: from.stderr };
    this.#limits = limits;
  }

  get end(): ChunkEnd | undefined {
    return this.#end;
  }

  /** Where the next chunk begins once this one was delivered. */
  get cursor(): Cursor {
    return { next: this.#next, offset: this.#offset, ...this.#carries };
  }

  /** The last record of which nothing is left to give, not even the first byte of a split character. */
  get confirmable(): number {
    return Math.min(this.#next, this.#carries.stdout.since, this.#carries.stderr.since) - 1;
  }

  /** Takes the next record, all of it or as much as there is room for. Not after the {@link end}. */
  add(record: RunRecord): void {
    if (isOutput(record)) this.#output(record.type, record.seq, record.data);
    else if (this.#other(record)) {
      this.#next = (record.type === 'gap' ? record.upTo : record.seq) + 1;
      this.#offset = 0;
    } else this.#end = { status: 'full' };
    if (++this.#records >= this.#limits.records || this.#bytes >= this.#limits.bytes) this.#end ??= { status: 'full' };
  }

  #output(type: 'stdout' | 'stderr', seq: number, whole: Uint8Array): void {
    const data = whole.subarray(this.#offset);
    // Bytes are never fewer than the characters that they make.
    const part = data.subarray(0, Math.max(0, this.#room(type)));
    const { text, carry } = decodeOn(this.#carries[type], part, seq);
    this.#carries[type] = carry;
    this.#push(type, text);
    this.#bytes += part.length;
    if (part.length === data.length) {
      this.#next = seq + 1;
      this.#offset = 0;
    } else {
      this.#next = seq;
      this.#offset += part.length;
      this.#end = { status: 'full' };
    }
  }

  /** False when there is no room for it. */
  #other(record: Exclude<RunRecord, OutputRecord>): boolean {
    switch (record.type) {
      case 'media':
        return this.#media(record.mime, record.data);
      case 'html':
      case 'log': {
        const text = cutText(record.text, this.#limits.recordBytes);
        this.items.push([record.type, text]);
        this.#bytes += text.length;
        return true;
      }
      case 'gap':
        return this.#reset() && this.#whole('stderr', `[${record.bytes} bytes of output were not kept]\n`);
      case 'waiting-input':
        // The prompt stands on stdout before the request (seed spec 9.3).
        if (!this.#whole('stdout', cutText(record.prompt, MOST_PROMPT))) return false;
        this.#end = { status: 'waiting-input', password: record.password };
        return true;
      case 'clean-finished':
        // This generation asks for no such step, and has no status for its end.
        return true;
      case 'build-finished':
        this.#reset();
        this.#end = { status: 'build-finished', exitCode: record.exitCode };
        return true;
      case 'finished':
        this.#reset();
        if (EXPLAINED.has(record.reason) && record.detail) {
          if (!this.#whole('stderr', `${cutText(record.detail, MOST_PROMPT)}\n`)) return false;
        }
        this.#end = finishedEnd(record);
        return true;
    }
  }

  #media(mime: string, data: string): boolean {
    const bytes = Buffer.byteLength(data);
    if (bytes > this.#limits.recordBytes) {
      return this.#whole('stderr', `[${mime} of ${bytes} bytes is too large to be shown]\n`);
    }
    this.items.push(['media', [mime, data]]);
    this.#bytes += bytes;
    return true;
  }

  /** A note that may not be split. */
  #whole(type: 'stdout' | 'stderr', text: string): boolean {
    if (text.length > this.#room(type)) return false;
    this.#push(type, text);
    this.#bytes += text.length;
    return true;
  }

  /** A stream ends here: what is left of a character will not be completed. */
  #reset(): true {
    for (const type of ['stdout', 'stderr'] as const) {
      this.#push(type, decodeRest(this.#carries[type]));
      this.#carries[type] = NO_CARRY;
    }
    return true;
  }

  #room(type: 'stdout' | 'stderr'): number {
    return this.#limits.characters - this.#used[type] - this.#carries[type].bytes.length;
  }

  #push(type: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    this.#used[type] += text.length;
    const last = this.items.at(-1);
    if (last?.[0] === type) this.items[this.items.length - 1] = [type, last[1] + text];
    else this.items.push([type, text]);
  }
}

/** How a run's end is told: a signal is the negative exit code, as the runner of 2018 gives it (-2 for an interrupted sleep). */
export function finishedEnd({ exitCode, signal, reason }: Finished): ChunkEnd {
  if (reason === 'time-limit') return { status: 'exec-timeout' };
  const number = signal === null ? undefined : (constants.signals as Record<string, number | undefined>)[signal];
  return { status: 'finished', exitCode: exitCode ?? (number === undefined ? null : -number) };
}
