import { describe, expect, it } from 'vitest';
import { parseLibraryList } from './libraries.js';

describe('parseLibraryList', () => {
  it('reads what the loader of glibc writes', () => {
    const text = [
      '\tlinux-vdso.so.1 (0x00007f05b81ea000)',
      '\tlibnode.so.108 => /opt/node 18/lib/libnode.so.108 (0x00007f05b7e00000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f05b7c1e000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f05b81ec000)',
    ].join('\n');
    expect(parseLibraryList(text)).toEqual([
      { name: 'libnode.so.108', path: '/opt/node 18/lib/libnode.so.108' },
      { name: 'libc.so.6', path: '/lib/x86_64-linux-gnu/libc.so.6' },
    ]);
  });

  it('reads what the loader of musl writes', () => {
    const text = '\t/lib/ld-musl-x86_64.so.1 (0x7f0c)\n\tlibgcc_s.so.1 => /usr/lib/libgcc_s.so.1 (0x7f0d)\n';
    expect(parseLibraryList(text)).toEqual([{ name: 'libgcc_s.so.1', path: '/usr/lib/libgcc_s.so.1' }]);
  });

  it('names a library that is missing', () => {
    expect(() => parseLibraryList('\tlibuv.so.1 => not found\n')).toThrow(
      expect.objectContaining({ code: 'create-failed', message: expect.stringContaining('libuv.so.1') as string }),
    );
  });
});
