import { decodeRecord, MAX_JOINED_PAYLOAD, RECORD_TYPES, recordTypeOf } from '@berth/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_RECORD_BYTES, parseOutput, type Output } from './outputs.js';

const parse = (type: string, payload: string | Uint8Array): Output =>
  parseOutput([Buffer.from(type), typeof payload === 'string' ? Buffer.from(payload) : payload]);
const recordOf = (output: Output) => {
  if (output.kind !== 'records') throw new Error(output.kind);
  const { type, payload } = output.records[0]!;
  return decodeRecord(recordTypeOf(type)!, 1, payload);
};

describe('a message of the kernel-runner', () => {
  it('is console output byte for byte, also what is no UTF-8', () => {
    expect(recordOf(parse('stderr', Buffer.from([0xc3, 0, 0xff])))).toMatchObject({
      type: 'stderr',
      data: Buffer.from([0xc3, 0, 0xff]),
    });
  });

  it('is cut at 10 MiB, and given in pieces', () => {
    const output = parse('stdout', Buffer.alloc(MOST_RECORD_BYTES + 5));
    const sizes = output.kind === 'records' ? output.records.map(({ payload }) => payload.length) : [];
    expect([sizes.length, sizes.reduce((a, b) => a + b)]).toEqual([40, MOST_RECORD_BYTES]);
  });

  it.each<[string, string, object]>([
    ['media', '{"type":"image/png","data":"AA=="}', { type: 'media', mime: 'image/png', data: 'AA==', encoding: 'utf8' }],
    ['media', '{"type":"graph","data":[1]}', { type: 'media', mime: 'graph', data: '[1]' }],
    ['html', '<b>', { type: 'html', text: '<b>' }],
    ['log', 'x', { type: 'log', text: 'x' }],
  ])('of %s %s is a record', (type, payload, record) => {
    expect(recordOf(parse(type, payload))).toMatchObject(record);
  });

  it('of text that JSON makes too long is cut until it fits', () => {
    const output = parse('html', Buffer.alloc(MOST_RECORD_BYTES, 1));
    expect(output.kind === 'records' && output.records[0]!.payload.length).toBeLessThanOrEqual(MAX_JOINED_PAYLOAD);
  });

  it.each<[string, string, boolean]>([
    ['nothing', '', false],
    ['a word', '{"is_password": true}', true],
    ['nonsense', '{{', false],
  ])('that waits for input with %s', (_, payload, password) => {
    const output = parse('waiting-input', payload);
    const { payload: body } = output.kind === 'waiting-input' ? output.record : { payload: Buffer.from('null') };
    expect(decodeRecord('waiting-input', 1, body)).toMatchObject({ password, prompt: '' });
  });

  it.each<[string, string, Output]>([
    ['finished', '{"exitCode": -2}', { kind: 'finished', exitCode: -2 }],
    ['finished', '{"exitCode": null}', { kind: 'finished', exitCode: 1 }],
    ['finished', '{"upload_output_files": false}', { kind: 'finished', exitCode: null }],
    ['finished', '{"exitCode": "0"}', { kind: 'odd' }],
    ['finished', 'no', { kind: 'odd' }],
    ['build-finished', '{"exitCode": 3}', { kind: 'build-finished', exitCode: 3 }],
    ['build-finished', '{}', { kind: 'odd' }],
    ['completion', '["a", 1, "b"]', { kind: 'completion', matches: ['a', 'b'] }],
    ['completion', '{}', { kind: 'odd' }],
    ['status', '\x81', { kind: 'status' }],
    ['media', '[]', { kind: 'odd' }],
    ['clean-finished', '{}', { kind: 'odd' }],
  ])('%s %s', (type, payload, output) => {
    expect(parse(type, payload)).toEqual(output);
  });

  it('never throws, whatever it is', () => {
    const types = fc.constantFrom(...Object.keys(RECORD_TYPES), 'completion', 'status', '__proto__', '');
    const payload = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(fc.property(types, payload, (type, bytes) => parse(type, bytes).kind.length > 0));
    fc.assert(fc.property(fc.array(fc.uint8Array(), { maxLength: 4 }), (parts) => parseOutput(parts).kind.length > 0));
  });
});
