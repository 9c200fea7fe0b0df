import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { middleOf, place, type Placement, type Situation } from './policy.js';

const base: Situation = { memory: false, disk: false, listening: false, lagging: false, durable: false, agent: true };

describe('where output goes', () => {
  it.each<[string, Partial<Situation>, Placement]>([
    ['memory first', { memory: true, disk: true }, 'memory'],
    ['the disk when nobody listens', { disk: true }, 'disk'],
    ['the disk when the agent is away', { disk: true, agent: false }, 'disk'],
    ['nowhere yet, when a reader keeps up', { disk: true, listening: true }, 'block'],
    ['the disk when the reader lags', { disk: true, listening: true, lagging: true }, 'disk'],
    ['nowhere, when a reader is open and all is full', { listening: true, lagging: true }, 'block'],
    ['nowhere, when the run is durable', { durable: true }, 'block'],
    ['nowhere, when no agent is connected', { agent: false }, 'block'],
    ['away with the middle, when nobody listens', {}, 'elide'],
  ])('%s', (_name, situation, expected) => {
    expect(place({ ...base, ...situation })).toBe(expected);
  });
});

describe('the middle', () => {
  const pieces = fc.array(fc.record({ length: fc.nat(100), gap: fc.constant(false) }), { maxLength: 40 });

  it('leaves no more than head and tail', () => {
    fc.assert(
      fc.property(pieces, fc.nat(500), fc.nat(500), (list, head, tail) => {
        const { begin, end } = middleOf(list, head, tail);
        const sum = (part: typeof list) => part.reduce((bytes, { length }) => bytes + length, 0);
        expect(begin).toBeLessThanOrEqual(end);
        expect(sum(list.slice(0, begin))).toBeLessThanOrEqual(head);
        expect(sum(list.slice(end))).toBeLessThanOrEqual(tail);
        // And no less than fits.
        if (begin < end) {
          expect(sum(list.slice(0, begin + 1))).toBeGreaterThan(head);
          expect(sum(list.slice(end - 1))).toBeGreaterThan(tail);
        }
      }),
    );
  });

  it('takes an earlier gap in', () => {
    const list = [10, 10, 0, 10, 10].map((length, index) => ({ length, gap: index === 2 }));
    expect(middleOf(list, 100, 10)).toEqual({ begin: 2, end: 4 });
  });
});
