import { describe, expect, it } from 'vitest';
import { chooseUser, UID_RANGE } from './uids.js';

const ROOT = { uid: 0, gid: 0 };

describe('the user of a kernel', () => {
  it('is the agent’s own when the agent is an ordinary user', () => {
    expect(chooseUser({ uid: 1000, gid: 100 }, new Set([1000]))).toEqual({ uid: 1000, gid: 100 });
  });

  it('is one of the range that no other kernel has when the agent is root', () => {
    const { first } = UID_RANGE;
    expect(chooseUser(ROOT, new Set())).toEqual({ uid: first, gid: first });
    expect(chooseUser(ROOT, new Set([first, first + 1, first + 3]))).toEqual({ uid: first + 2, gid: first + 2 });
  });

  it('is never root, and never beyond the range', () => {
    const { first, count } = UID_RANGE;
    const taken = new Set(Array.from({ length: count - 1 }, (_, index) => first + index));
    expect(chooseUser(ROOT, taken).uid).toBe(first + count - 1);
    expect(() => chooseUser(ROOT, taken.add(first + count - 1))).toThrow(RangeError);
  });
});
