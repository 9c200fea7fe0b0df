import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, decodeOn, decodeRest, NO_CARRY, type Carry } from './text.js';

/** Bytes in pieces, as text, with the carry before each piece. */
function inPieces(bytes: Uint8Array, cuts: readonly number[]) {
  let carry: Carry = NO_CARRY;
  let text = '';
  let at = 0;
  [...cuts, bytes.length].forEach((cut, index) => {
    const step = decodeOn(carry, bytes.subarray(at, cut), index + 1);
    expect(step.text.length).toBeLessThanOrEqual(cut - at + carry.bytes.length);
    text += step.text;
    carry = step.carry;
    at = cut;
  });
  return text + decodeRest(carry);
}

const cutsOf = (length: number) => fc.array(fc.nat(length), { maxLength: 8 }).map((cuts) => cuts.sort((a, b) => a - b));

describe('decodeOn', () => {
  it('gives the same text wherever the bytes are split', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 20 }).map((text) => new Uint8Array(Buffer.from(text))),
      fc.array(fc.constantFrom(0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82, 0xc3, 0x41, 0xed, 0xa0, 0xf5)).map((b) => Uint8Array.from(b)),
    );
    const split = anyBytes.chain((bytes) => fc.tuple(fc.constant(bytes), cutsOf(bytes.length)));
    fc.assert(
      fc.property(split, ([bytes, cuts]) => {
        expect(inPieces(bytes, cuts)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('says in which record the unfinished character began', () => {
    const first = decodeOn(NO_CARRY, Buffer.from([0x61, 0xf0]), 5);
    expect(first).toEqual({ text: 'a', carry: { bytes: Uint8Array.from([0xf0]), since: 5 } });
    const second = decodeOn(first.carry, Buffer.from([0x9f, 0x98]), 6);
    expect(second.carry.since).toBe(5);
    const third = decodeOn(second.carry, Buffer.from([0x80, 0xc3]), 7);
    expect(third.text).toBe('😀');
    expect(third.carry.since).toBe(7);
  });

  it('keeps a byte order mark, which is the program’s own', () => {
    expect(decodeOn(NO_CARRY, Buffer.from('\ufeffa'), 1).text).toBe('\ufeffa');
  });
});

describe('cutText', () => {
  it('cuts between characters and never above the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.nat(60), (text, most) => {
        const cut = cutText(text, most);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
        expect(Buffer.byteLength(text) <= most ? cut : text).toBe(text);
      }),
    );
  });
});
