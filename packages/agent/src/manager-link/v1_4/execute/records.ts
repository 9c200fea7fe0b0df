/**
 * Frames of a stream as records. What a frame says comes from inside a kernel: a record that is not as it should be becomes a
 * note in its place, so that it costs nothing but itself (D36).
 */
import { decodeRecord, recordTypeOf, type Frame, type RunRecord } from '@berth/wire';

/** Whole records of a batch, in order. A batch never ends within a record. */
export function recordsOf(batch: readonly Frame[]): RunRecord[] {
  const records: RunRecord[] = [];
  let parts: Uint8Array[] = [];
  for (const { type: code, seq, payload, more } of batch) {
    parts.push(payload);
    if (more) continue;
    const type = recordTypeOf(code);
    if (type !== undefined) records.push(readRecord(type, seq, parts.length === 1 ? payload : Buffer.concat(parts)));
    parts = [];
  }
  return records;
}

function readRecord(type: RunRecord['type'], seq: number, payload: Uint8Array): RunRecord {
  try {
    const record = decodeRecord(type, seq, payload);
    if (isSound(record)) return record;
  } catch {
    // Told below.
  }
  // Without it the run would never end.
  if (type === 'finished') {
    return { seq, type, exitCode: null, signal: null, reason: 'exited', detail: '', stateLost: false, wallMs: 0 };
  }
  return { seq, type: 'log', text: `A ${type} record could not be read.` };
}

function isSound(record: RunRecord): boolean {
  switch (record.type) {
    case 'stdout':
    case 'stderr':
      return true;
    case 'media':
      return typeof record.mime === 'string' && typeof record.data === 'string';
    case 'html':
    case 'log':
      return typeof record.text === 'string';
    case 'waiting-input':
      return typeof record.prompt === 'string';
    case 'clean-finished':
    case 'build-finished':
      return Number.isInteger(record.exitCode);
    case 'finished':
      return (
        (record.exitCode === null || Number.isInteger(record.exitCode)) &&
        (record.signal === null || typeof record.signal === 'string') &&
        typeof record.detail === 'string'
      );
    case 'gap':
      return Number.isSafeInteger(record.upTo) && record.upTo >= record.seq;
  }
}
