import { describe, expect, it } from 'vitest';
import { encodeFrames, encodeRecordPayload, readFrames, RECORD_TYPES, type Frame, type RunRecord } from '@berth/wire';
import { RecordReader } from './record-reader.js';

function framesOf(record: RunRecord): Frame[] {
  return readFrames(encodeFrames(RECORD_TYPES[record.type], 0, record.seq, encodeRecordPayload(record)));
}
const text = (seq: number): RunRecord => ({ seq, type: 'stdout', data: new Uint8Array([seq]) });
const gap = (seq: number, upTo: number): RunRecord => ({ seq, type: 'gap', upTo, bytes: 100 });
const read = (reader: RecordReader, ...records: RunRecord[]) =>
  records.flatMap(framesOf).flatMap((frame) => {
    const record = reader.take(frame);
    return record ? [record.type === 'gap' ? `gap ${record.seq}-${record.upTo}` : record.seq] : [];
  });

describe('RecordReader', () => {
  it.each([
    ['records in order', 1, [text(1), text(2)], [1, 2], 3],
    ['what came before is left out', 2, [text(1), text(2), text(2), text(3)], [2, 3], 4],
    ['a gap stands for what is missing', 1, [text(1), gap(2, 9), text(10)], [1, 'gap 2-9', 10], 11],
    ['a gap that begins earlier is cut', 5, [gap(2, 9), text(10)], ['gap 5-9', 10], 11],
    ['a gap that ends earlier is left out', 10, [gap(2, 9), text(10)], [10], 11],
  ])('%s', (_name, from, records, expected, next) => {
    const reader = new RecordReader(from);
    expect(read(reader, ...records)).toEqual(expected);
    expect(reader.next).toBe(next);
  });

  it('refuses a hole that no gap tells of', () => {
    expect(() => read(new RecordReader(1), text(1), text(3))).toThrow(expect.objectContaining({ code: 'internal' }) as Error);
  });

  it('begins a split record anew with a new connection', () => {
    const large = { seq: 1, type: 'stdout', data: new Uint8Array(2_500_000).fill(7) } as const;
    const reader = new RecordReader(1);
    const frames = framesOf(large);
    expect(frames.length).toBe(3);
    expect(reader.take(frames[0]!)).toBeUndefined();
    reader.restart();
    const [record] = frames.map((frame) => reader.take(frame)).filter((found) => found !== undefined);
    expect(record).toMatchObject({ seq: 1, type: 'stdout' });
    expect(Buffer.compare((record as typeof large).data, large.data)).toBe(0);
  });

  it('refuses a record without end', () => {
    const reader = new RecordReader(1);
    const part: Frame = { type: RECORD_TYPES.stdout, more: true, channel: 0, seq: 1, payload: new Uint8Array(1_000_000) };
    expect(() => {
      for (let i = 0; i < 20; i++) reader.take(part);
    }).toThrow(expect.objectContaining({ code: 'internal' }) as Error);
  });

  it('skips frames that are no records', () => {
    expect(new RecordReader(1).take({ type: 0x7e, more: false, channel: 0, seq: 5, payload: new Uint8Array() })).toBeUndefined();
  });
});
