/** docs/doctor.md names every check as the doctor knows it. */
import { describe, expect, it } from 'vitest';
import { PROBES } from '../../packages/agent/src/commands/doctor/probes/index.js';
import { CHECKS } from '../../packages/agent/src/commands/doctor/table.js';
import { read, rowsOf } from './tables.js';

const DOCUMENT = 'docs/doctor.md';

describe(DOCUMENT, () => {
  const rows = rowsOf(DOCUMENT, 'check');

  it('has every look and every probe with its title, in their order', () => {
    const expected = [...CHECKS, ...PROBES.map(({ id, title }) => ({ id: `DRIVER.${id}`, title }))].map(({ id, title }) => [
      id,
      title,
    ]);
    expect(rows.map(([id, title]) => [id, title])).toEqual(expected);
  });

  it('says of each when it is not green, or how it is proven', () => {
    for (const [id, , text] of rows) expect(text, id).not.toBe('');
  });

  it('marks those that only a node under a manager has', () => {
    const marked = rows.filter(([, , text]) => text!.startsWith('(agent)')).map(([id]) => id);
    expect(marked).toEqual(CHECKS.filter(({ needs }) => needs === 'manager').map(({ id }) => id));
  });

  it('shows the examples of the help', () => {
    expect(read(DOCUMENT)).toContain('berth doctor --only docker.memory,docker.pids');
  });
});
