import { describe, expect, it } from 'vitest';
import { headingOf, linesOf, summaryOf, type Told } from './report.js';

const bad: Told = { id: 'docker.engine', group: 'docker', title: 'Docker answers', state: 'red', detail: 'no', fix: 'Start it.' };
const good: Told = { id: 'x', group: 'docker', title: 'title', state: 'green', detail: 'yes' };

describe('a finding', () => {
  it('reads without colour: a mark, a word, and what to do', () => {
    expect(linesOf(good, 13, false)).toBe('  ✓ ok    x              title: yes');
    expect(linesOf(bad, 13, false)).toBe('  ✗ FAIL  docker.engine  Docker answers: no\n          FIX: Start it.');
    expect(linesOf({ ...bad, state: 'yellow' }, 13, false)).toContain('! warn');
  });

  it('has its mark in colour where that is wanted', () => {
    expect(linesOf(bad, 13, true)).toContain('\u001b[31m✗ FAIL\u001b[39m');
    expect(headingOf('docker', true, true)).toBe('\u001b[1mDocker\u001b[22m');
  });

  it('cannot steer the terminal, whatever etcd or a container says', () => {
    // eslint-disable-next-line no-control-regex
    expect(linesOf({ ...bad, detail: 'a\u001b[2Jb', fix: 'c\nd' }, 0, false)).not.toMatch(/\u001b|c\nd/);
  });
});

describe('the summary', () => {
  it.each([
    [['green'], '\n1 ok, 0 warnings, 0 failed: ready'],
    [['green', 'yellow'], '\n1 ok, 1 warning, 0 failed: ready, with reservations'],
    [['yellow', 'yellow', 'red'], '\n0 ok, 2 warnings, 1 failed: not ready'],
  ] as const)('of %j', (states, expected) => {
    expect(summaryOf(states.map((state) => ({ state })))).toBe(expected);
  });
});
