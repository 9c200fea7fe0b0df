import { describe, expect, it } from 'vitest';
import { remotePlace } from './place.js';
import { progressText } from './progress-line.js';

describe('a place', () => {
  it.each([
    ['work:data.csv', 'data.csv', false],
    ['work:', '.', true],
    ['work:.', '.', false],
    ['work:dir/', 'dir', true],
    ['work:/home/work/dir//x', 'dir//x', false],
    ['work:/home/work', '.', true],
    ['work:a:b', 'a:b', false],
  ])('%s is in a session', (word, path, directory) => {
    expect(remotePlace(word)).toEqual({ session: 'work', path, directory });
  });

  it.each(['data.csv', './work:x', '/tmp/a:b', ':x', '-', 'a b:c', ''])('%j is of this machine', (word) => {
    expect(remotePlace(word)).toBeUndefined();
  });

  it.each(['work:/etc/passwd', 'work:/home/worker/x', 'work:/'])('%s is nowhere', (word) => {
    expect(() => remotePlace(word)).toThrow(/outside of \/home\/work/);
  });
});

describe('progress', () => {
  it.each([
    [5e8, 1e9, 10_000, 'f  [##########----------]  50 % of 1.0 GB, 50 MB/s'],
    [2e9, 1e9, 1000, 'f  [####################]  100 % of 1.0 GB, 2.0 GB/s'],
    [0, 0, 1000, 'f  0 B, 0 B/s'],
    [1000, undefined, 0, 'f  1.0 kB'],
  ])('of %d of %s bytes', (bytes, total, ms, text) => {
    expect(progressText('f', bytes, total, ms)).toBe(text);
  });
});
