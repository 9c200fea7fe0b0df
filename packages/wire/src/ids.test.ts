import { describe, expect, it } from 'vitest';
import { isId, newRunId, newSessionId } from './ids.js';

describe('an id', () => {
  it.each(['a', '0', 'A-b_c.9', 'x'.repeat(64), newSessionId(), newRunId()])('may be %j', (text) =>
    expect(isId(text)).toBe(true),
  );

  it.each(['', '.', '..', '.a', '-a', '_a', 'a/b', 'a b', 'a\n', 'ä', 'a\0', 'x'.repeat(65), null, undefined, 7, ['a']])(
    'may not be %j',
    (text) => expect(isId(text)).toBe(false),
  );

  it('that is new is like no other', () => {
    expect(new Set(Array.from({ length: 1000 }, newSessionId)).size).toBe(1000);
    expect(newSessionId()).toMatch(/^[0-9a-f]{12}$/);
    expect(newRunId()).toMatch(/^[0-9a-f]{32}$/);
  });
});
