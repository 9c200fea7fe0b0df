import { describe, expect, it } from 'vitest';
import { bindArguments, type ParameterKind, type ParameterList } from './parameters.js';
import { type Packed } from './msgpack-value.js';
import { errorTriple } from './rpc-error.js';

const EXECUTE: ParameterList = [
  { name: 'kernel_id', kind: 'str' },
  { name: 'run_id', kind: 'str', nullable: true },
  { name: 'opts', kind: 'dict', optional: true },
];

function refusal(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return errorTriple(error);
  }
  return 'no error';
}

describe('arguments of a call', () => {
  it('are bound by position, by name, or both', () => {
    const bound = { kernel_id: 'k', run_id: null, opts: { a: 1 } };
    expect({ ...bindArguments(EXECUTE, ['k', null, { a: 1 }], {}) }).toEqual(bound);
    expect({ ...bindArguments(EXECUTE, [], bound) }).toEqual(bound);
    expect({ ...bindArguments(EXECUTE, ['k'], { opts: { a: 1 }, run_id: null }) }).toEqual(bound);
  });

  it('may lack what is optional', () => {
    expect({ ...bindArguments(EXECUTE, ['k', 'r'], {}) }).toEqual({ kernel_id: 'k', run_id: 'r' });
  });

  it.each<[args: Packed[], kwargs: Record<string, Packed>, words: string]>([
    [[], {}, `TypeError("missing a required argument: 'kernel_id'")`],
    [['k'], {}, `TypeError("missing a required argument: 'run_id'")`],
    [['k', 'r', {}, 1], {}, `TypeError('too many positional arguments')`],
    [['k', 'r'], { kernel_id: 'k' }, `TypeError("multiple values for argument 'kernel_id'")`],
    [['k', 'r'], { what: 1 }, `TypeError("got an unexpected keyword argument 'what'")`],
    [[1, 'r'], {}, `TypeError("argument 'kernel_id' must be str, not int")`],
    [['k', 1.5], {}, `TypeError("argument 'run_id' must be str or None, not float")`],
    [['k', 'r', null], {}, `TypeError("argument 'opts' must be dict, not NoneType")`],
  ])('%j and %j do not fit', (args, kwargs, words) => {
    // As `inspect.signature` words it, and aiozmq passes it on.
    expect(refusal(() => bindArguments(EXECUTE, args, kwargs))).toEqual([
      'aiozmq.rpc.base.ParametersError',
      [words],
      expect.stringMatching(/^ParametersError\(['"]TypeError\(/),
    ]);
  });

  it('are never names of what every object has', () => {
    expect(refusal(() => bindArguments(EXECUTE, ['k', 'r'], { constructor: 1 }))).toMatchObject({
      1: [`TypeError("got an unexpected keyword argument 'constructor'")`],
    });
    expect(bindArguments([{ name: 'x', kind: 'int', optional: true }], [], {})['constructor']).toBe(undefined);
  });

  it.each<[kind: ParameterKind, fits: Packed[], misfits: Packed[]]>([
    ['str', [''], [Buffer.alloc(1), 1, null, []]],
    ['int', [1, -1, 2n ** 60n], [1.5, true, '1']],
    ['float', [1, 1.5], ['1', true]],
    ['bool', [true], [0, null]],
    ['bytes', [Buffer.alloc(0)], ['x', []]],
    ['list', [[]], [{}, 'x']],
    ['dict', [{}], [[], Buffer.alloc(1), null]],
    ['any', [1, null, 'x', [], {}], []],
  ])('of kind %s are looked at', (kind, fits, misfits) => {
    const parameters: ParameterList = [{ name: 'x', kind }];
    for (const value of fits) expect(bindArguments(parameters, [value], {})['x']).toBe(value);
    for (const value of misfits) expect(() => bindArguments(parameters, [value], {})).toThrow(/must be/);
  });
});
