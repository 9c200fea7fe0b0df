import { describe, expect, it } from 'vitest';
import { inUnits } from './units.js';

describe('inUnits', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.5 kB'],
    [158_400_000, '158 MB'],
    [2_000_000_000, '2.0 GB'],
  ])('%d', (bytes, text) => {
    expect(inUnits(bytes)).toBe(text);
  });
});
