import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, FrameError } from './frame-decoder.js';

function framed(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** `bytes` cut at the given places, in order; empty pieces included. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

describe('the frame decoder', () => {
  it('gives the same frames however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(600), { maxLength: 30 }), (sent, places) => {
        const decoder = new FrameDecoder({ min: 0, max: 40 });
        const got = cut(Buffer.concat(sent.map(framed)), places).flatMap((chunk) =>
          decoder.push(chunk).map((b) => Buffer.from(b)),
        );
        expect(got).toEqual(sent.map((body) => Buffer.from(body)));
        expect(decoder.pending).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same frames byte by byte', () => {
    const decoder = new FrameDecoder({ min: 0, max: 40 });
    const bytes = Buffer.concat(['', 'a', 'hello'].map((text) => framed(Buffer.from(text))));
    const got = [...bytes].flatMap((byte) => decoder.push(Buffer.from([byte])).map(String));
    expect(got).toEqual(['', 'a', 'hello']);
  });

  it('tells what it holds back', () => {
    const decoder = new FrameDecoder({ min: 1, max: 10 });
    decoder.push(Buffer.from([0, 0]));
    expect(decoder.pending).toBe(2);
    decoder.push(Buffer.from([0, 5, 1, 2, 3]));
    expect(decoder.pending).toBe(3);
  });

  for (const [length, announced] of [
    [12, 'too short'],
    [101, 'too long'],
    [0xffff_ffff, 'absurd'],
  ] as const) {
    it(`refuses a length that is ${announced} before anything is allocated`, () => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(length);
      const whole = new FrameDecoder({ min: 13, max: 100 });
      expect(() => whole.push(header)).toThrow(FrameError);
      expect(whole.pending).toBe(0);
      const inPieces = new FrameDecoder({ min: 13, max: 100 });
      inPieces.push(header.subarray(0, 3));
      expect(() => inPieces.push(header.subarray(3))).toThrow(`a frame of ${length} bytes was announced`);
    });
  }

  it('takes the lengths at its limits', () => {
    const decoder = new FrameDecoder({ min: 13, max: 100 });
    expect(decoder.push(Buffer.concat([framed(Buffer.alloc(13)), framed(Buffer.alloc(100))])).map((b) => b.length)).toEqual([
      13, 100,
    ]);
  });
});
