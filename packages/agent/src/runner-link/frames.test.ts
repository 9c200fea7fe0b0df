import { FrameDecoder } from '@berth/base';
import { encodeFrames, FRAME_HEADER_BYTES, FRAME_MORE, MAX_FRAME_LENGTH, MAX_FRAME_PAYLOAD, parseFrame } from '@berth/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const limits = { min: FRAME_HEADER_BYTES - 4, max: MAX_FRAME_LENGTH };

describe('a frame that was encoded, cut anywhere and decoded', () => {
  it('is the frame it was', () => {
    const frame = fc.record({
      type: fc.integer({ min: 0, max: FRAME_MORE - 1 }),
      channel: fc.integer({ min: 0, max: 0xffff_ffff }),
      seq: fc.maxSafeNat(),
      payload: fc.uint8Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50 })), (frames, steps) => {
        const bytes = Buffer.concat(frames.map((f) => encodeFrames(f.type, f.channel, f.seq, f.payload)));
        const decoder = new FrameDecoder(limits);
        const got: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + (steps[turn % steps.length] ?? bytes.length);
          for (const body of decoder.push(bytes.subarray(at, end))) {
            const parsed = parseFrame(body);
            got.push({ ...parsed, payload: Uint8Array.from(parsed.payload) });
          }
          at = end;
        }
        expect(got).toEqual(frames.map((f) => ({ ...f, more: false })));
      }),
    );
  });

  it('comes in parts when its payload is too large for one', () => {
    const payload = Buffer.alloc(2 * MAX_FRAME_PAYLOAD + 5, 'x');
    const parts = new FrameDecoder(limits).push(Buffer.from(encodeFrames(0x10, 1, 7, payload))).map(parseFrame);
    expect(parts.map(({ type, more, seq }) => [type, more, seq])).toEqual([
      [0x10, true, 7],
      [0x10, true, 7],
      [0x10, false, 7],
    ]);
    expect(Buffer.concat(parts.map((p) => p.payload)).equals(payload)).toBe(true);
  });
});
