import { describe, expect, it } from 'vitest';
import { TransitionTable } from './transitions.js';

type State = 'open' | 'shut';
type Event = 'push' | 'pull';

describe('a transition table', () => {
  const table = new TransitionTable<State, Event>([
    { from: 'shut', on: 'push', to: 'open' },
    { from: 'open', on: 'pull', to: 'shut' },
  ]);

  it('leads from state to state', () => {
    expect(table.next('shut', 'push')).toBe('open');
    expect(table.next('open', 'pull')).toBe('shut');
  });

  it('refuses what has no row', () => {
    expect(table.next('open', 'push')).toBeUndefined();
  });

  it('is not built with two rows for one state and event', () => {
    const row = { from: 'shut', on: 'push', to: 'open' } as const;
    expect(() => new TransitionTable<State, Event>([row, { ...row, to: 'shut' }])).toThrow('two rows for shut on push');
  });
});
