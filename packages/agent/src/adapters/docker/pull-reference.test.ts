import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pullReference } from './pull-reference.js';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('pullReference', () => {
  it.each([
    ['python', 'python', 'latest'],
    ['python:3.6', 'python', '3.6'],
    ['lablup/kernel-python:3.6-debian', 'lablup/kernel-python', '3.6-debian'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', 'latest'],
    ['127.0.0.1:5000/a_b:1', '127.0.0.1:5000/a_b', '1'],
    [`a/b@${DIGEST}`, 'a/b', DIGEST],
    [`a/b:1@${DIGEST}`, 'a/b', DIGEST],
  ])('%s', (text, repository, tag) => {
    expect(pullReference(text)).toEqual({ repository, tag });
  });

  it.each([
    '',
    '../containers/json?all=1',
    'a b',
    'a:',
    'a@sha256:1',
    'a/../b',
    'a?b=c',
    'a:1:2',
    'https://a/b',
    'a'.repeat(2000),
  ])('refuses %s', (text) => {
    expect(() => pullReference(text)).toThrow(expect.objectContaining({ code: 'pull-failed' }) as Error);
  });

  it('is quick with whatever it is given, and lets nothing through that would change a request', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 1024, unit: fc.constantFrom(...'a0./:@_-?&#% \n') }), (text) => {
        try {
          const { repository, tag } = pullReference(text);
          expect(`${repository}${tag}`).not.toMatch(/[?&#%\s]|\.\.\//);
        } catch (error) {
          expect(error).toMatchObject({ code: 'pull-failed' });
        }
      }),
    );
  });
});
