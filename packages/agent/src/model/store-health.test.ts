import { describe, expect, it } from 'vitest';
import { StoreHealth } from './store-health.js';

describe('the health of a store', () => {
  it('is news once when the store goes away, and once when it is back', () => {
    const health = new StoreHealth();
    expect(health.good(1)).toBeUndefined();
    expect([health.bad(2, 3, 'refused'), health.bad(4, 5, 'refused')]).toEqual([true, false]);
    expect(health.state).toEqual({ ok: false, detail: 'refused' });
    expect([health.good(10), health.good(11)]).toEqual([7, undefined]);
    expect(health.state).toEqual({ ok: true, detail: '' });
  });

  it('is not spoilt by a failure that was under way when somebody else succeeded', () => {
    const health = new StoreHealth();
    health.good(10);
    expect(health.bad(9, 12, 'late')).toBe(false);
    expect(health.state.ok).toBe(true);
  });

  it('tells the latest reason', () => {
    const health = new StoreHealth();
    health.bad(1, 2, 'refused');
    health.bad(3, 4, 'wrong password');
    expect(health.state.detail).toBe('wrong password');
  });
});
