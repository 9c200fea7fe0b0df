import { describe, expect, it } from 'vitest';
import { refusedCalls } from './calls.js';

const X64 = 0xc000003e;
const ARM64 = 0xc00000b7;
const I386 = 0x40000003;
const allowed = 0x7fff0000;
const refused = 0x00050001;
const unknown = 0x00050026;
const NEW_USER = 0x10000000;

/** What a filter gives for a call: the instructions as the kernel carries them out. */
function verdict(filter: Buffer, processor: number, call: number, first = 0): number {
  const data = new Map([
    [0, call],
    [4, processor],
    [16, first],
  ]);
  let held = 0;
  for (let at = 0; ; at++) {
    const code = filter.readUInt16LE(at * 8);
    const value = filter.readUInt32LE(at * 8 + 4);
    const [ifSo, ifNot] = [filter.readUInt8(at * 8 + 2), filter.readUInt8(at * 8 + 3)];
    if (code === 0x06) return value;
    if (code === 0x20) held = data.get(value)!;
    else {
      const so =
        code === 0x15 ? held === value : code === 0x35 ? held >= value : code === 0x45 ? (held & value) !== 0 : undefined;
      if (so === undefined) throw new Error(`no such instruction: ${code}`);
      at += so ? ifSo : ifNot;
    }
  }
}

describe('the filter of calls', () => {
  const strict = refusedCalls('x64', { userNamespaces: false })!;
  const loose = refusedCalls('x64', { userNamespaces: true })!;
  const arm = refusedCalls('arm64', { userNamespaces: false })!;

  it.each([
    ['keyctl', strict, X64, 250, 0, refused],
    ['io_uring_setup', strict, X64, 425, 0, refused],
    ['read', strict, X64, 0, 0, allowed],
    ['a call of tomorrow', strict, X64, 600, 0, allowed],
    ['a socket of the hypervisor', strict, X64, 41, 40, refused],
    ["a socket of the kernel's ciphers", strict, X64, 41, 38, refused],
    ['a socket of the network', strict, X64, 41, 2, allowed],
    ['read, with an argument that looks like a family', strict, X64, 0, 40, allowed],
    ['a new user namespace', strict, X64, 272, NEW_USER | 0x20000, refused],
    ['a new mount namespace', strict, X64, 272, 0x20000, allowed],
    ['a process in a new user namespace', strict, X64, 56, NEW_USER, refused],
    ['a process', strict, X64, 56, 0x01200011, allowed],
    ['clone3', strict, X64, 435, 0, unknown],
    ['clone3, where user namespaces are needed', loose, X64, 435, 0, allowed],
    ['a new user namespace, where it is needed', loose, X64, 272, NEW_USER, allowed],
    ['keyctl all the same', loose, X64, 250, 0, refused],
    ['a call of programs of x32', strict, X64, 0x40000000 + 250, 0, unknown],
    ['a call of programs of 32 bits', strict, I386, 288, 0, unknown],
    ['keyctl on arm64', arm, ARM64, 219, 0, refused],
    ['a new user namespace on arm64', arm, ARM64, 97, NEW_USER, refused],
    ['a socket of the hypervisor on arm64', arm, ARM64, 198, 40, refused],
    ['read on arm64', arm, ARM64, 63, 0, allowed],
    ['a call of another processor on arm64', arm, X64, 0, 0, unknown],
  ] as const)('decides on %s', (_, filter, processor, call, first, expected) => {
    expect(verdict(filter, processor, call, first)).toBe(expected);
  });

  it('is not there for a processor that is not known', () => {
    expect(refusedCalls('riscv64', { userNamespaces: true })).toBeUndefined();
  });
});
