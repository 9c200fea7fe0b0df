import { describe, expect, it } from 'vitest';
import { parseEnv } from './images.js';

describe('parseEnv', () => {
  it('splits at the first sign only, and drops lines without name or value', () => {
    expect(parseEnv(['A=b=c', 'EMPTY=', 'BARE', '=nameless', ''])).toEqual({ A: 'b=c', EMPTY: '' });
  });
});
