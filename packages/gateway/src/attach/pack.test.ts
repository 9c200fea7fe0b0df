import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFrames, type Frame } from '@berth/wire';
import { packFrames } from './pack.js';

const frame = fc.record({
  type: fc.integer({ min: 0x10, max: 0x18 }),
  more: fc.boolean(),
  channel: fc.constant(0),
  seq: fc.nat(),
  payload: fc.uint8Array({ maxLength: 300 }),
});
const plain = (frames: readonly Frame[]) => frames.map((f) => ({ ...f, payload: [...f.payload] }));

describe('packFrames', () => {
  it('keeps every frame, in order, in whole frames per message, on the channel', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.nat(), fc.integer({ min: 1, max: 1000 }), (frames, channel, limit) => {
        const messages = [...packFrames(frames, channel, limit)];
        const expected = plain(frames).map((f) => ({ ...f, channel }));
        expect(plain(messages.flatMap((message) => readFrames(message)))).toEqual(expected);
        for (const message of messages) expect(message.length <= limit || readFrames(message).length === 1).toBe(true);
      }),
    );
  });

  it('puts as many frames into a message as fit', () => {
    const lines = Array.from({ length: 100 }, (_, i) => ({
      type: 0x10,
      more: false,
      channel: 0,
      seq: i + 1,
      payload: new Uint8Array(10),
    }));
    expect([...packFrames(lines, 0, 270)].map((message) => readFrames(message).length)).toEqual(Array(10).fill(10));
  });
});
