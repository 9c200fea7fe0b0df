import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDecimal, timesRoundedDown, toHundredthsText } from './decimal.js';

it.each([
  ['0.29', 100, 29],
  ['0.3', 2 ** 30, 322_122_547],
  ['1', 2 ** 30, 2 ** 30],
  ['1.999', 100, 199],
  [0.1, 100, 10],
  [2, 100, 200],
  ['0', 100, 0],
  ['1.', 100, 100],
])('%j times %d is %d', (value, factor, expected) => expect(timesRoundedDown(parseDecimal(value)!, factor)).toBe(expected));

it.each(['', 'x', '1e3', '--1', '.5', '1,5', NaN, Infinity, null, undefined, {}, '9'.repeat(19)])('%j is no number', (value) =>
  expect(parseDecimal(value)).toBeUndefined(),
);

it('a negative number is told as one', () => expect(parseDecimal('-0.5')!.units).toBeLessThan(0n));

it.each([
  ['1', '1.00'],
  ['0.5', '0.50'],
  ['1.009', '1.00'],
])('%s is shown as %s', (value, text) => expect(toHundredthsText(parseDecimal(value)!)).toBe(text));

it('any number of hundredths comes back as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (hundredths) => {
      const text = toHundredthsText({ units: BigInt(hundredths), digits: 2 });
      expect(timesRoundedDown(parseDecimal(text)!, 100)).toBe(hundredths);
    }),
  );
});
