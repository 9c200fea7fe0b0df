import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, suggestion } from './suggest.js';

describe('suggestion', () => {
  it.each([
    ['rum', 'run'],
    ['stauts', 'status'],
    ['ver', 'version'],
    ['sp', 'ps'],
    ['frobnicate', undefined],
    ['x', undefined],
  ])('for %s is %s', (word, expected) => {
    expect(suggestion(word, ['run', 'exec', 'status', 'version', 'ps'])).toBe(expected);
  });
});

describe('distance', () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });

  it('is zero for equal words only, the same both ways, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it('is one for one mistake', () => {
    for (const wrong of ['statu', 'statuss', 'stetus', 'sttaus']) expect(distance('status', wrong)).toBe(1);
  });
});
