/** Records: the numbered pieces of a run's output. */

/** Kinds of record, with the frame type that carries each (docs/runner-protocol.md). */
export const RECORD_TYPES = {
  stdout: 0x10,
  stderr: 0x11,
  media: 0x12,
  html: 0x13,
  log: 0x14,
  'waiting-input': 0x15,
  'build-finished': 0x16,
  finished: 0x17,
  gap: 0x18,
  'clean-finished': 0x19,
} as const;

/** Name of a record kind. */
export type RecordType = keyof typeof RECORD_TYPES;

/**
 * Why a run ended.
 *
 * - `exited`: the program ended by itself (any exit code); for a query: the code ran to its end or raised.
 * - `signal`: a signal that nobody here asked for.
 * - `interrupted`, `killed`: the user asked for it.
 * - `time-limit`: the run's own limit. `oom`, `pids-limit`, `disk-full`: the kernel's limits.
 * - `start-failed`: the program could not be started. `repl-lost`: the language process died under the run.
 */
export const FINISH_REASONS = [
  'exited',
  'signal',
  'interrupted',
  'killed',
  'time-limit',
  'oom',
  'pids-limit',
  'disk-full',
  'start-failed',
  'repl-lost',
] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/**
 * What a run used. CPU time comes in steps of 10 ms. A program's is that of all its processes that were waited for, once it has
 * ended; a query's is that of the language process and of what that has waited for.
 */
export interface RunUsage {
  /** Milliseconds in user and system mode; null where it cannot be told from another run's. */
  readonly cpuMs: number | null;
  /** Bytes that it wrote to standard output and standard error. */
  readonly outputBytes: number;
  /** Most memory of the language process in bytes, where this query is what raised it; null for all others: their sessions' statistics tell. */
  readonly peakMemoryBytes: number | null;
  /**
   * Share of its time, 0 to 1, in which the CPU limit held the session back: periods of the scheduler (100 ms) that used up what they
   * had, of those in which anything ran. All runs of the session at that time have a part in it. Null where the machine does not tell.
   */
  readonly throttled: number | null;
}

/** How a run ended. Exactly one of `exitCode` and `signal` is set, except for `start-failed`, where `exitCode` is 127 or 126. */
export interface Finished {
  /** 0 to 255, or null when a signal ended it. */
  readonly exitCode: number | null;
  /** Name such as `SIGKILL`, or null. */
  readonly signal: string | null;
  readonly reason: FinishReason;
  /** One line for a person; empty when the reason says it all. */
  readonly detail: string;
  /** True when variables of the language session were lost with this run. */
  readonly stateLost: boolean;
  /** Wall time in milliseconds. */
  readonly wallMs: number;
  /** Absent where the supervisor does not measure it (kernel-runner). */
  readonly usage?: RunUsage;
}

/** One record. `seq` counts from 1 within a run, without holes except where a `gap` record says so. */
export type RunRecord = { readonly seq: number } & (
  | { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | { readonly type: 'media'; readonly mime: string; readonly data: string; readonly encoding: 'utf8' | 'base64' }
  | { readonly type: 'html' | 'log'; readonly text: string }
  | { readonly type: 'waiting-input'; readonly password: boolean; readonly prompt: string }
  | { readonly type: 'clean-finished' | 'build-finished'; readonly exitCode: number }
  | ({ readonly type: 'finished' } & Finished)
  /** Records `seq` to `upTo` (inclusive) were dropped by the retention rules; `bytes` of output were in them. */
  | { readonly type: 'gap'; readonly upTo: number; readonly bytes: number }
);

const NAMES = new Map<number, RecordType>(Object.entries(RECORD_TYPES).map(([name, code]) => [code, name as RecordType]));

/** Name of the record kind that frame type `code` carries, or undefined for other frames. */
export const recordTypeOf = (code: number): RecordType | undefined => NAMES.get(code);

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Payload of a record as it stands in a frame: raw bytes for stdout and stderr, JSON for all others. */
export function encodeRecordPayload(record: RunRecord): Uint8Array {
  if (record.type === 'stdout' || record.type === 'stderr') return record.data;
  const { seq: _seq, type: _type, ...body } = record;
  return encoder.encode(JSON.stringify(body));
}

/**
 * The record that a frame carries. The payload is trusted to be what the runner encoded; a payload that is not JSON throws
 * `SyntaxError`.
 */
export function decodeRecord(type: RecordType, seq: number, payload: Uint8Array): RunRecord {
  if (type === 'stdout' || type === 'stderr') return { seq, type, data: payload };
  return { ...(JSON.parse(decoder.decode(payload)) as object), seq, type } as RunRecord;
}
