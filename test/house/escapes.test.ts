/** docs/security.md names every attempt of the corpus, and what comes of it on each driver. */
import { describe, expect, it } from 'vitest';
import { ATTEMPTS, cellOf, COLUMNS } from '../support/escapes/index.js';
import { rowsOf } from './tables.js';

const DOCUMENT = 'docs/security.md';

describe(DOCUMENT, () => {
  it('has the attempts of the corpus with what holds each, in their order', () => {
    const expected = ATTEMPTS.map(({ id, title, verdicts }) => [id, title, ...COLUMNS.map((column) => cellOf(verdicts[column]))]);
    expect(rowsOf(DOCUMENT, 'attempt')).toEqual(expected);
  });

  it('tells attempts apart', () => {
    const ids = ATTEMPTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});
