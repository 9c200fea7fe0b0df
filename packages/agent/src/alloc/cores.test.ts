import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseCores, coreUse, limitCores, parseCoreList } from './cores.js';

const ONE = [{ node: 0, cores: [0, 1, 2, 3] }];
const TWO = [
  { node: 0, cores: [0, 1] },
  { node: 1, cores: [2, 3] },
];

describe('chooseCores', () => {
  it.each([
    ['the first when nothing is used', ONE, [], 2, [0, 1]],
    ['the least used', ONE, [[0, 1], [0]], 2, [2, 3]],
    ['of the node that is used least', TWO, [[0]], 1, [2]],
    ['never of two nodes where one is enough', TWO, [[0], [2]], 2, [0, 1]],
    ['of several nodes where none is enough', TWO, [[0]], 3, [1, 2, 3]],
    ['all at most', TWO, [], 99, [0, 1, 2, 3]],
    ['one at least', ONE, [], 0, [0]],
    ['one that is used when all are', ONE, [[0, 1, 2, 3], [0]], 1, [1]],
  ])('gives %s', (_, nodes, used, want, expected) => expect(chooseCores(nodes, coreUse(used), want)).toEqual(expected));

  it('gives as many different cores as were asked for, however much is used', () => {
    const cpuset = fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(cpuset), fc.integer({ min: 1, max: 4 }), (used, want) => {
        const chosen = chooseCores(TWO, coreUse(used), want);
        expect(new Set(chosen).size).toBe(want);
        expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
      }),
    );
  });
});

it('a mask leaves cores out', () =>
  expect(limitCores(TWO, [1, 2])).toEqual([
    { node: 0, cores: [1] },
    { node: 1, cores: [2] },
  ]));

it.each([
  ['0-3,8\n', [0, 1, 2, 3, 8]],
  ['5', [5]],
  ['', []],
  ['x,2-1,3', [3]],
])('a list of cores %j is read', (text, cores) => expect(parseCoreList(text)).toEqual(cores));
