import { describe, expect, it } from 'vitest';
import { contentTypeOf } from './content-type.js';
import { objectKey } from './object-key.js';

describe('contentTypeOf', () => {
  it.each([
    ['a.png', 'image/png'],
    ['dir.with.dots/A.B.JPG', 'image/jpeg'],
    ['notes.txt', 'text/plain; charset=utf-8'],
    ['data.csv', 'text/csv; charset=utf-8'],
    ['run.ipynb', 'application/json'],
    ['archive.tar.gz', 'application/gzip'],
    ['no-ending', 'application/octet-stream'],
    ['dir.png/plain', 'application/octet-stream'],
    ['odd.constructor', 'application/octet-stream'],
    ['ends.', 'application/octet-stream'],
  ])('%s', (name, type) => {
    expect(contentTypeOf(name)).toBe(type);
  });
});

describe('objectKey', () => {
  it('is prefix, kernel and name', () => {
    expect(objectKey('bucket', 'k1', 'dir/a b.txt')).toBe('bucket/k1/dir/a b.txt');
    expect(objectKey('', 'k1', 'a')).toBe('k1/a');
  });

  it('ends at 1024 bytes, not characters', () => {
    expect(objectKey('p', 'k', 'x'.repeat(1020))).toHaveLength(1024);
    expect(objectKey('p', 'k', 'x'.repeat(1021))).toBeUndefined();
    expect(objectKey('p', 'k', 'ü'.repeat(511))).toBeUndefined();
  });
});
