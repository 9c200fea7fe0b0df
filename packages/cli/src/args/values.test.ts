import { describe, expect, it } from 'vitest';
import { parseBytes, parseDuration, parseVariable } from './values.js';

const MIB = 1024 * 1024;

describe('parseBytes', () => {
  it.each([
    ['1024', 1024],
    ['512m', 512 * MIB],
    ['512M', 512 * MIB],
    ['2g', 2048 * MIB],
    ['1.5GiB', 1536 * MIB],
    ['64k', 65_536],
    ['1tb', MIB * MIB],
    ['', undefined],
    ['m', undefined],
    ['-1m', undefined],
    ['5x', undefined],
    ['1 g', undefined],
  ])('%j is %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });
});

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['30', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['', undefined],
    ['5d', undefined],
    ['-1s', undefined],
  ])('%j is %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe('parseVariable', () => {
  it.each([
    ['A=b', ['A', 'b']],
    ['A=', ['A', '']],
    ['A=b=c', ['A', 'b=c']],
    ['A', undefined],
    ['=b', undefined],
  ])('%j is %j', (text, variable) => {
    expect(parseVariable(text)).toEqual(variable);
  });
});
