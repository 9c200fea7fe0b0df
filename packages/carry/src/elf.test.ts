import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpreterOf } from './elf.js';

/** The smallest program headers that a linker would write: one PT_LOAD, and PT_INTERP if a loader is given. */
function program({ wide, little, loader }: { wide: boolean; little: boolean; loader: string | null }): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  const put = (value: number, at: number, size: number) =>
    little ? bytes.writeUIntLE(value, at, size) : bytes.writeUIntBE(value, at, size);
  const word = (value: number, at: number) => put(value, wide && !little ? at + 4 : at, 4);
  const tableAt = wide ? 64 : 52;
  const entrySize = wide ? 56 : 32;
  word(tableAt, wide ? 32 : 28);
  put(entrySize, wide ? 54 : 42, 2);
  put(loader === null ? 1 : 2, wide ? 56 : 44, 2);
  put(1, tableAt, 4);
  if (loader !== null) {
    const entry = tableAt + entrySize;
    put(3, entry, 4);
    word(300, entry + (wide ? 8 : 4));
    word(loader.length + 1, entry + (wide ? 32 : 16));
    bytes.write(`${loader}\0`, 300, 'latin1');
  }
  return bytes;
}

describe('interpreterOf', () => {
  const shapes = [true, false].flatMap((wide) => [true, false].map((little) => ({ wide, little })));

  it.each(shapes)('finds the loader of a dynamic program %o', (shape) => {
    expect(interpreterOf(program({ ...shape, loader: '/lib/ld-musl-x86_64.so.1' }))).toBe('/lib/ld-musl-x86_64.so.1');
  });

  it.each(shapes)('is null for a static program %o', (shape) => {
    expect(interpreterOf(program({ ...shape, loader: null }))).toBeNull();
  });

  it('is undefined for what is no program', () => {
    expect(interpreterOf(Buffer.from('#!/bin/sh\n'.padEnd(100)))).toBeUndefined();
    expect(interpreterOf(Buffer.alloc(0))).toBeUndefined();
  });

  it('never throws on a damaged program', () => {
    const whole = program({ wide: true, little: true, loader: '/lib/ld.so' });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
        const damaged = Buffer.from(whole);
        damaged[at] = value;
        interpreterOf(damaged.subarray(0, length));
      }),
    );
  });
});
