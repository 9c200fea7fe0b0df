import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFrames } from './attach-link.js';
import { encodeFrames, MAX_FRAME_PAYLOAD } from './frames.js';

const concat = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe('readFrames', () => {
  it('reads what encodeFrames wrote, however many frames a message holds', () => {
    const frame = fc.record({
      type: fc.integer({ min: 0, max: 0x7f }),
      channel: fc.integer({ min: 0, max: 0xffff_ffff }),
      seq: fc.maxSafeNat(),
      payload: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), (frames) => {
        const message = concat(frames.map((f) => encodeFrames(f.type, f.channel, f.seq, f.payload)));
        expect(readFrames(message)).toEqual(frames.map((f) => ({ ...f, more: false })));
      }),
    );
  });

  it('tells the parts of a split payload', () => {
    const parts = readFrames(encodeFrames(0x10, 0, 7, new Uint8Array(MAX_FRAME_PAYLOAD + 1)));
    expect(parts.map(({ more, seq, payload }) => ({ more, seq, length: payload.length }))).toEqual([
      { more: true, seq: 7, length: MAX_FRAME_PAYLOAD },
      { more: false, seq: 7, length: 1 },
    ]);
  });

  it('refuses a message cut at any byte within a frame', () => {
    const message = encodeFrames(0x10, 0, 1, new Uint8Array(20));
    for (let cut = 1; cut < message.length; cut++)
      expect(() => readFrames(message.subarray(0, cut)), `cut at ${cut}`).toThrow(RangeError);
  });

  it.each([0, 12, 1024 * 1024 + 1, 0xffff_ffff])('refuses a length of %d', (length) => {
    const message = encodeFrames(0x10, 0, 1, new Uint8Array(20));
    new DataView(message.buffer).setUint32(0, length);
    expect(() => readFrames(message)).toThrow(RangeError);
  });
});
