import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OBSERVED_STATES, OBSERVED_TRANSITIONS, SIGHTINGS, type ObservedState, type Sighting } from './observed.js';

/** What each state becomes at each sighting, written a second time: a changed, added or lost row is seen here. */
const EXPECTED: Record<ObservedState, Partial<Record<Sighting, ObservedState>>> = {
  absent: { created: 'created', running: 'running', paused: 'paused', exited: 'exited' },
  created: { running: 'running', paused: 'paused', exited: 'exited', missing: 'gone', unreachable: 'unknown' },
  running: { paused: 'paused', exited: 'exited', missing: 'gone', unreachable: 'unknown' },
  paused: { running: 'running', exited: 'exited', missing: 'gone', unreachable: 'unknown' },
  unknown: { created: 'created', running: 'running', paused: 'paused', exited: 'exited', missing: 'gone' },
  exited: { missing: 'gone' },
  gone: {},
};

describe('observed transitions', () => {
  for (const from of OBSERVED_STATES) {
    for (const on of SIGHTINGS) {
      const to = EXPECTED[from][on];
      it(`${from} on ${on} ${to ? `becomes ${to}` : 'stays'}`, () => {
        expect(OBSERVED_TRANSITIONS.next(from, on)).toBe(to);
      });
    }
  }

  it('are the table of docs/lifecycle.md', () => {
    const text = readFileSync(new URL('../../../../docs/lifecycle.md', import.meta.url), 'utf8');
    const section = text.slice(text.indexOf('<!-- observed -->'), text.indexOf('<!-- /observed -->'));
    const rows = [...section.matchAll(/^\| (\w+) \| (\w+) \| (\w+) \|$/gm)]
      .map(([, from, on, to]) => ({ from, on, to }))
      .slice(1);
    expect(rows).toEqual(OBSERVED_TRANSITIONS.rows);
  });
});
