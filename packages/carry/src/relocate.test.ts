import { describe, expect, it } from 'vitest';
import { embeddedScriptPaths, LOADER_RELOCATIONS, relocate } from './relocate.js';

describe('relocate', () => {
  it('replaces a path wherever it occurs and moves nothing else', () => {
    const before = Buffer.from('ab\0/etc/long.path\0cd/etc/long.path\0ef');
    const after = relocate(before, [{ from: '/etc/long.path', to: '/new' }]);
    expect(after.toString()).toBe(`ab\0/new${'\0'.repeat(11)}cd/new${'\0'.repeat(11)}ef`);
    expect(after.length).toBe(before.length);
  });

  it('leaves a longer path that begins alike', () => {
    const bytes = Buffer.from('/etc/ld.so.cache~\0');
    expect(relocate(bytes, LOADER_RELOCATIONS).equals(bytes)).toBe(true);
  });

  it('leaves the original bytes alone', () => {
    const bytes = Buffer.from('/etc/ld.so.preload\0');
    relocate(bytes, LOADER_RELOCATIONS);
    expect(bytes.toString()).toBe('/etc/ld.so.preload\0');
  });

  it('refuses a path that does not fit', () => {
    expect(() => relocate(Buffer.from('/a\0'), [{ from: '/a', to: '/longer' }])).toThrow(RangeError);
  });
});

describe('embeddedScriptPaths', () => {
  it('finds absolute paths of scripts, once each', () => {
    const bytes = Buffer.from(
      'x\0/usr/share/nodejs/undici/undici-fetch.js\0internal/a.js\0/usr/share/nodejs/undici/undici-fetch.js\0',
    );
    expect(embeddedScriptPaths(bytes)).toEqual(['/usr/share/nodejs/undici/undici-fetch.js']);
  });

  it('takes no text that only ends like one', () => {
    expect(embeddedScriptPaths(Buffer.from('\0// see /usr/lib/x.js\0/usr/lib/x.json\0'))).toEqual([]);
  });
});
