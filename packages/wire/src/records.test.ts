import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecordPayload, RECORD_TYPES, recordTypeOf, type RecordType, type RunRecord } from './records.js';

const bytes = Uint8Array.from([0, 255, 0xc3, 10]);
const EXAMPLES: { readonly [Type in RecordType]: RunRecord & { readonly type: Type } } = {
  stdout: { seq: 1, type: 'stdout', data: bytes },
  stderr: { seq: 2, type: 'stderr', data: new Uint8Array(0) },
  media: { seq: 3, type: 'media', mime: 'image/svg+xml', data: '<svg/>', encoding: 'utf8' },
  html: { seq: 4, type: 'html', text: '<b>ü</b>' },
  log: { seq: 5, type: 'log', text: '' },
  'waiting-input': { seq: 6, type: 'waiting-input', password: true, prompt: 'Passwort: ' },
  'build-finished': { seq: 7, type: 'build-finished', exitCode: 2 },
  'clean-finished': { seq: 7, type: 'clean-finished', exitCode: 2 },
  finished: {
    seq: 8,
    type: 'finished',
    exitCode: null,
    signal: 'SIGKILL',
    reason: 'oom',
    detail: 'x',
    stateLost: true,
    wallMs: 12,
  },
  gap: { seq: 9, type: 'gap', upTo: 2 ** 40, bytes: 123 },
};

describe('a record', () => {
  it.each(Object.values(EXAMPLES))('of type $type is the same after a journey', (record) => {
    expect(decodeRecord(record.type, record.seq, encodeRecordPayload(record))).toEqual(record);
  });

  it.each(Object.entries(RECORD_TYPES))('of type %s is known by its frame type', (name, code) => {
    expect(recordTypeOf(code)).toBe(name);
  });

  it('is not what other frames carry', () => {
    for (const code of [0, 0x01, 0x05, 0x0f, 0x1a, 0x20, 0x21, 0x22, 0x90]) expect(recordTypeOf(code)).toBeUndefined();
  });

  it('keeps its number and type whatever its payload says', () => {
    const payload = new TextEncoder().encode('{"seq":99,"type":"finished","text":"x"}');
    expect(decodeRecord('log', 4, payload)).toMatchObject({ seq: 4, type: 'log', text: 'x' });
  });

  it('whose payload is not JSON is refused', () => {
    expect(() => decodeRecord('html', 1, new TextEncoder().encode('<b>'))).toThrow(SyntaxError);
  });
});
