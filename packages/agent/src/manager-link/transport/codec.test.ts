import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { uncompressSync } from 'snappy';
import { compressRaw, Float, pack, unpack, type Packable, type Packed } from './codec.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const SMALL = { bytes: 1000, depth: 4, elements: 20 };

/** Bytes as Python's msgpack writes them: `packb(value, use_bin_type=True)`. */
const GOLDEN: readonly [what: string, value: Packable, bytes: string][] = [
  ['nil', null, 'c0'],
  ['nothing', undefined, 'c0'],
  ['false', false, 'c2'],
  ['true', true, 'c3'],
  ['0', 0, '00'],
  ['127', 127, '7f'],
  ['128', 128, 'cc80'],
  ['256', 256, 'cd0100'],
  ['65536', 65536, 'ce00010000'],
  ['2^32 stays an integer', 2 ** 32, 'cf0000000100000000'],
  ['2^53 - 1', Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
  ['2^64 - 1', 2n ** 64n - 1n, 'cfffffffffffffffff'],
  ['a small bigint', 5n, '05'],
  ['-1', -1, 'ff'],
  ['-32', -32, 'e0'],
  ['-33', -33, 'd0df'],
  ['-129', -129, 'd1ff7f'],
  ['-32769', -32769, 'd2ffff7fff'],
  ['-2^31 - 1', -(2 ** 31) - 1, 'd3ffffffff7fffffff'],
  ['-2^63', -(2n ** 63n), 'd38000000000000000'],
  ['1.5', 1.5, 'cb3ff8000000000000'],
  ['2.0', new Float(2), 'cb4000000000000000'],
  ['-0.0', -0, 'cb8000000000000000'],
  ['text', 'é', 'a2c3a9'],
  ['text of 32 bytes', 'x'.repeat(32), `d920${'78'.repeat(32)}`],
  ['text of 256 bytes', 'x'.repeat(256), `da0100${'78'.repeat(256)}`],
  ['no bytes', Buffer.alloc(0), 'c400'],
  ['bytes', new Uint8Array([1, 2]), 'c4020102'],
  ['a list', [1, 'a', null], '9301a161c0'],
  ['a list of 16', Array<number>(16).fill(0), `dc0010${'00'.repeat(16)}`],
  ['no map', {}, '80'],
  ['a map', { a: 1, b: [true] }, '82a16101a16291c3'],
  ['a map without what is absent', { a: undefined, b: 1 }, '81a16201'],
  ['a Map', new Map([['a', 1]]), '81a16101'],
];

describe('pack', () => {
  it.each(GOLDEN)('writes %s as Python does', (_, value, bytes) => {
    expect(pack(value).toString('hex')).toBe(bytes);
  });

  it('refuses what has no word in msgpack', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const wrong = [circle, new Date(0), () => 1, Symbol('x'), 2n ** 64n, -(2n ** 63n) - 1n, new Set([1])];
    for (const value of wrong) expect(() => pack(value as Packable)).toThrow(/cannot be written|levels/);
  });

  it('is read alike by another library, with every kind and size', () => {
    const other = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });
    fc.assert(
      fc.property(values, (value) => {
        expect(plain(other.unpack(pack(value as Packable)))).toEqual(plain(value));
      }),
    );
  });
});

describe('unpack', () => {
  it.each(GOLDEN)('reads %s', (_, value, bytes) => {
    const read = unpack(hex(bytes));
    const expected = value instanceof Float ? value.value : value instanceof Map ? Object.fromEntries(value) : value;
    expect(plain(read)).toEqual(plain(expected));
  });

  it('reads what another library wrote', () => {
    const other = new Packr({ useRecords: false });
    fc.assert(fc.property(values, (value) => void expect(plain(unpack(Buffer.from(other.pack(value))))).toEqual(plain(value))));
  });

  it('gives back what pack wrote', () => {
    fc.assert(fc.property(values, (value) => void expect(plain(unpack(pack(value as Packable)))).toEqual(plain(value))));
  });

  it.each([
    ['nothing at all', ''],
    ['a second value', '0101'],
    ['a list that ends too early', '9301'],
    ['a list that says it is huge', 'ddffffffff'],
    ['a map that says it is huge', 'dfffffffff'],
    ['text that ends too early', 'd9ff61'],
    ['bytes that say they are huge', 'c6ffffffff'],
    ['an integer that ends too early', 'ce0000'],
    ['a float that ends too early', 'cb00'],
    ['text that is not UTF-8', 'a2c328'],
    ['half of a surrogate pair', 'a3eda080'],
    ['a type that is never used', 'c1'],
    ['a pickled date (extension 127)', 'c7047f80044e2e'],
    ['a pickled timezone (extension 123)', 'c7047b80044e2e'],
    ['a timestamp (extension -1)', 'd6ff00000000'],
    ['an extension of one byte', 'd40100'],
    ['an extension of sixteen bytes', `d801${'00'.repeat(16)}`],
    ['a large extension', 'c90000000101ff'],
    ['an integer as key', '810102'],
    ['bytes as key', '81c4016102'],
    ['the key __proto__', `81a9${Buffer.from('__proto__').toString('hex')}80`],
    ['five levels', '9191919190'],
    ['too many values', `dc0014${'00'.repeat(20)}`],
    ['too many bytes', `c503e8${'00'.repeat(1000)}`],
  ])('refuses %s', (_, bytes) => {
    expect(() => unpack(hex(bytes), SMALL)).toThrow(expect.objectContaining({ name: 'MsgpackError' }));
  });

  it('answers any bytes by a value or a MsgpackError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          unpack(Buffer.from(bytes), SMALL);
        } catch (error) {
          expect(error).toMatchObject({ name: 'MsgpackError' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the key constructor for a key like any other', () => {
    const read = unpack(pack({ constructor: 1 }));
    expect(Object.getPrototypeOf(read)).toBe(null);
    expect((read as Record<string, unknown>)['constructor']).toBe(1);
  });

  it('keeps a byte order mark', () => {
    expect(unpack(pack('\ufeffx'))).toBe('\ufeffx');
  });
});

describe('compressRaw', () => {
  it('makes one raw block: the length, then the content, without a stream header', () => {
    const block = compressRaw(Buffer.from('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'));
    expect(block[0]).toBe(32);
    expect(block.includes('sNaPpY')).toBe(false);
    expect(String(uncompressSync(block))).toBe('a'.repeat(32));
  });
});

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  // The other library writes greater ones as floats.
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const { values } = fc.letrec((tie) => ({
  values: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('values'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('values'),
      { maxKeys: 20 },
    ),
  ),
}));

/** Without what msgpack does not keep: prototypes, and the view through which bytes are seen. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  // The other library tells no negative zero.
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value as { [key: string]: Packed })
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => [key, plain(member)])
    .sort();
}
