import { describe, expect, it } from 'vitest';
import type { Observation } from '../ports/driver.js';
import { judgeOrphans, ORPHAN_GRACE_MS } from './orphans.js';

const NOW = 1_000_000;

function container(containerId: string, kernelId = containerId): Observation {
  const labels = { agentId: 'i-1', stateId: 's', namespace: 'n', kernelId, sessionId: kernelId, incarnation: 1 };
  return { containerId, name: `berth-${kernelId}-1`, labels, state: 'running', exitCode: null, oomKilled: false, pid: null };
}
const ids = (observations: readonly Observation[]): string[] => observations.map((o) => o.containerId);

describe('the judgement on orphans', () => {
  it.each<[string, readonly string[], readonly string[], Record<string, number>, readonly string[], readonly string[]]>([
    // what | listed | known | first seen | to report | to remove
    ['nothing listed', [], [], {}, [], []],
    ['all known', ['a', 'b'], ['a', 'b'], {}, [], []],
    ['a new one', ['a', 'b'], ['a'], {}, ['b'], []],
    ['one seen before', ['b'], [], { b: NOW - 1 }, [], []],
    ['one just before its time', ['b'], [], { b: NOW - ORPHAN_GRACE_MS + 1 }, [], []],
    ['one whose time is over', ['b'], [], { b: NOW - ORPHAN_GRACE_MS }, [], ['b']],
    ['one that is known after all', ['b'], ['b'], { b: 0 }, [], []],
    ['old and new together', ['a', 'b', 'c'], ['c'], { a: 0 }, ['b'], ['a']],
  ])('with %s', (_, listed, known, firstSeen, report, remove) => {
    const verdict = judgeOrphans(
      listed.map((id) => container(id)),
      (observation) => known.includes(observation.containerId),
      new Map(Object.entries(firstSeen)),
      NOW,
    );
    expect([ids(verdict.report), ids(verdict.remove)]).toEqual([report, remove]);
  });

  it('remembers the first sight of those that are there, and forgets the rest', () => {
    const earlier = new Map([
      ['a', 5],
      ['gone', 6],
    ]);
    const { firstSeen } = judgeOrphans([container('a'), container('b')], () => false, earlier, NOW);
    expect([...firstSeen]).toEqual([
      ['a', 5],
      ['b', NOW],
    ]);
  });
});
