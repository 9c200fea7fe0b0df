import { describe, expect, it } from 'vitest';
import { Float } from './msgpack-value.js';
import { pythonRepr } from './python-repr.js';

describe('repr', () => {
  it.each<[value: unknown, shown: string]>([
    ['boom', "'boom'"],
    ['', "''"],
    ["it's", '"it\'s"'],
    ['say "it\'s"', `'say "it\\'s"'`],
    ['a\nb\t\r\\', "'a\\nb\\t\\r\\\\'"],
    ['\u0000\u007f\u00a0', "'\\x00\\x7f\\xa0'"],
    ['naïve 東 🎉', "'naïve 東 🎉'"],
    ['\u200b\ufeff\u{e0001}', "'\\u200b\\ufeff\\U000e0001'"],
    [1, '1'],
    [-5, '-5'],
    [2 ** 40, '1099511627776'],
    [1.5, '1.5'],
    [new Float(2), '2.0'],
    [0.1, '0.1'],
    [1e-5, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [1e16, '1e+16'],
    [1e300, '1e+300'],
    [-0, '-0.0'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
    [null, 'None'],
    [true, 'True'],
    [['a', 1], "['a', 1]"],
    [{ a: [null] }, "{'a': [None]}"],
  ])('shows %j as %s', (value, shown) => {
    expect(pythonRepr(value)).toBe(shown);
  });
});
