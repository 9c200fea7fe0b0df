/** Messages of the kernel-runner's output socket (seed spec 9.3), as records. Everything in them is the user program's. Pure. */
import { decodeRecord, encodeRecordPayload, MAX_JOINED_PAYLOAD, RECORD_TYPES, type RunRecord } from '@berth/wire';

/** The original agent cuts every record here. */
export const MOST_RECORD_BYTES = 10_485_760;
/** Console output is split further, so that a reader's window is not overrun by one record. */
const CONSOLE_BYTES = 256 * 1024;

/** A record that has no number yet, as it stands in a frame. */
export interface Unnumbered {
  readonly type: number;
  readonly payload: Uint8Array;
}

export type Output =
  | { readonly kind: 'records'; readonly records: readonly Unnumbered[] }
  | { readonly kind: 'waiting-input'; readonly record: Unnumbered }
  | { readonly kind: 'build-finished'; readonly exitCode: number }
  /** `exitCode` null: the first of the two that terminal kernels send. */
  | { readonly kind: 'finished'; readonly exitCode: number | null }
  | { readonly kind: 'completion'; readonly matches: readonly string[] }
  | { readonly kind: 'status' }
  /** Not a message of this protocol; counted, and reading goes on. */
  | { readonly kind: 'odd' };

type WithoutSeq<R = RunRecord> = R extends unknown ? Omit<R, 'seq'> : never;

/** A record as it stands in a frame. */
export const unnumbered = (record: WithoutSeq): Unnumbered => ({
  type: RECORD_TYPES[record.type],
  payload: encodeRecordPayload({ seq: 0, ...record } as RunRecord),
});

const decoder = new TextDecoder();
const ODD: Output = { kind: 'odd' };

export function parseOutput(message: readonly Uint8Array[]): Output {
  const [name, payload] = message;
  if (message.length !== 2 || !name || !payload) return ODD;
  switch (decoder.decode(name.subarray(0, 64))) {
    case 'stdout':
      return { kind: 'records', records: consoleRecords(RECORD_TYPES.stdout, payload) };
    case 'stderr':
      return { kind: 'records', records: consoleRecords(RECORD_TYPES.stderr, payload) };
    case 'html':
      return records(textRecord('html', payload));
    case 'log':
      return records(textRecord('log', payload));
    case 'media':
      return media(payload);
    case 'waiting-input':
      return waitingInput(payload);
    case 'build-finished':
      return exit('build-finished', payload);
    case 'finished':
      return exit('finished', payload);
    case 'completion':
      return completion(payload);
    case 'status':
      return { kind: 'status' };
    default:
      return ODD;
  }
}

const records = (...all: readonly Unnumbered[]): Output => ({ kind: 'records', records: all });

function consoleRecords(type: number, payload: Uint8Array): Unnumbered[] {
  const bytes = payload.subarray(0, MOST_RECORD_BYTES);
  const count = Math.max(1, Math.ceil(bytes.length / CONSOLE_BYTES));
  return Array.from({ length: count }, (_, index) => ({
    type,
    payload: bytes.subarray(index * CONSOLE_BYTES, (index + 1) * CONSOLE_BYTES),
  }));
}

function textRecord(type: 'html' | 'log', payload: Uint8Array): Unnumbered {
  return fitting((most) => ({ type, text: decoder.decode(payload.subarray(0, most)) }));
}

/** Data that is no text (the graph of a git kernel) travels as the JSON that it was. */
function media(payload: Uint8Array): Output {
  const body = json(payload) as { type?: unknown; data?: unknown } | undefined;
  if (typeof body?.type !== 'string' || body.data === undefined) return ODD;
  const { type: mime, data } = body;
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return records(fitting((most) => ({ type: 'media', mime: mime.slice(0, 256), data: text.slice(0, most), encoding: 'utf8' })));
}

/** JSON makes some characters six times as long: cut further until a frame's joined payload holds it. */
function fitting(make: (most: number) => WithoutSeq): Unnumbered {
  for (let most = MOST_RECORD_BYTES; ; most = Math.floor(most / 2)) {
    const record = unnumbered(make(most));
    if (record.payload.length <= MAX_JOINED_PAYLOAD) return record;
  }
}

function waitingInput(payload: Uint8Array): Output {
  const body = (json(payload) ?? {}) as { is_password?: unknown };
  return {
    kind: 'waiting-input',
    record: unnumbered({ type: 'waiting-input', password: body.is_password === true, prompt: '' }),
  };
}

function exit(kind: 'build-finished' | 'finished', payload: Uint8Array): Output {
  const body = json(payload) as { exitCode?: unknown } | undefined;
  if (body === undefined) return ODD;
  const { exitCode } = body;
  if (kind === 'finished' && exitCode === undefined) return { kind, exitCode: null };
  // A runner whose own step failed without a number says null.
  if (exitCode === null) return { kind, exitCode: 1 };
  return Number.isSafeInteger(exitCode) ? { kind, exitCode: exitCode as number } : ODD;
}

function completion(payload: Uint8Array): Output {
  const body = json(payload, (value) => Array.isArray(value)) as unknown[] | undefined;
  if (!body) return ODD;
  return { kind: 'completion', matches: body.filter((match) => typeof match === 'string').slice(0, 10_000) };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined when it is not JSON, or not of the shape. What is larger than a record may be is not looked at. */
function json(payload: Uint8Array, shape: (value: unknown) => boolean = isObject): unknown {
  if (payload.length > MOST_RECORD_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(decoder.decode(payload));
    return shape(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The `finished` record of a frame. */
export const finishedOf = (payload: Uint8Array) => {
  const record = decodeRecord('finished', 0, payload);
  return record.type === 'finished' ? record : undefined;
};
