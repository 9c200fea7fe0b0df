import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeJsonPayload,
  encodeFrames,
  encodeJsonFrame,
  FRAME,
  FRAME_HEADER_BYTES,
  FRAME_MORE,
  frameHeader,
  MAX_FRAME_LENGTH,
  MAX_FRAME_PAYLOAD,
} from './frames.js';
import { RECORD_TYPES } from './records.js';

interface Seen {
  readonly length: number;
  readonly type: number;
  readonly channel: number;
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** Reads frames by the document's layout alone: u32 length, u8 type, u32 channel, u64 sequence, payload. */
function readFrames(bytes: Uint8Array): Seen[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Seen[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at);
    frames.push({
      length,
      type: view.getUint8(at + 4),
      channel: view.getUint32(at + 5),
      seq: Number(view.getBigUint64(at + 9)),
      payload: bytes.subarray(at + 17, at + 4 + length),
    });
    at += 4 + length;
  }
  return frames;
}

const types = [...Object.values(FRAME), ...Object.values(RECORD_TYPES)];

describe('a frame', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.maxSafeNat(),
        fc.uint8Array({ maxLength: 200 }),
        (type, channel, seq, payload) => {
          const bytes = encodeFrames(type, channel, seq, payload);
          expect(readFrames(bytes)).toEqual([{ length: payload.length + 13, type, channel, seq, payload }]);
          expect(frameHeader(type, channel, seq, payload.length)).toEqual(bytes.subarray(0, FRAME_HEADER_BYTES));
        },
      ),
    );
  });

  it('has these bytes', () => {
    const hex = Buffer.from(encodeFrames(0x10, 7, 2 ** 32 + 5, new TextEncoder().encode('hi'))).toString('hex');
    expect(hex).toBe('0000000f' + '10' + '00000007' + '0000000100000005' + '6869');
  });

  it.each([
    [0, [0]],
    [1, [1]],
    [MAX_FRAME_PAYLOAD, [MAX_FRAME_PAYLOAD]],
    [MAX_FRAME_PAYLOAD + 1, [MAX_FRAME_PAYLOAD, 1]],
    [3 * MAX_FRAME_PAYLOAD, [MAX_FRAME_PAYLOAD, MAX_FRAME_PAYLOAD, MAX_FRAME_PAYLOAD]],
  ])('with a payload of %i bytes is split so that each part fits', (size, parts) => {
    const payload = new Uint8Array(size).map((_, index) => index % 251);
    const frames = readFrames(encodeFrames(0x10, 3, 9, payload));
    expect(frames.map((f) => f.payload.length)).toEqual(parts);
    expect(frames.map((f) => f.type)).toEqual(parts.map((_, index) => (index < parts.length - 1 ? 0x10 | FRAME_MORE : 0x10)));
    expect(frames.every((f) => f.channel === 3 && f.seq === 9 && f.length <= MAX_FRAME_LENGTH)).toBe(true);
    expect(Buffer.concat(frames.map((f) => f.payload)).equals(payload)).toBe(true);
  });

  it('carries JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const [frame] = readFrames(encodeJsonFrame(FRAME.request, 0, body));
        expect(decodeJsonPayload(frame!.payload)).toEqual(JSON.parse(JSON.stringify(body)));
      }),
    );
  });

  it('whose payload is not JSON is refused', () => {
    expect(() => decodeJsonPayload(new TextEncoder().encode('{'))).toThrow(SyntaxError);
  });

  it('has a type that no other kind of frame has, clear of the flag', () => {
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) expect(type & FRAME_MORE).toBe(0);
  });
});
