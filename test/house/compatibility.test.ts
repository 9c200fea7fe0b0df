/** docs/compatibility.md names tests that are there. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { read, rowsOf } from './tables.js';
import { ROOT } from './temporary-tree.js';

const DIALECT = 'packages/agent/src/manager-link/v1_4/';
const rows = rowsOf('docs/compatibility.md', 'defect');

describe('docs/compatibility.md', () => {
  it('has every defect of the agent of 2018, in order', () => {
    expect(rows.map(([defect]) => defect)).toEqual(Array.from({ length: 46 }, (_, index) => `D${index + 1}`));
  });

  it.each(rows.filter(([, , test]) => test !== ''))('%s: %s', (_defect, _was, test, fails) => {
    const [, path, name] = /^`([^`]+)` "(.+)"$/.exec(test!) ?? [];
    expect(path, `not a path and a name: ${test}`).toBeDefined();
    const file = [path!, DIALECT + path!].find((candidate) => existsSync(ROOT + candidate));
    expect(file, `there is no ${path}`).toBeDefined();
    expect(read(file!)).toContain(name);
    expect(fails).not.toBe('');
  });

  it('says why a defect without a test cannot apply', () => {
    for (const [defect, , test, fails] of rows) if (test === '') expect(fails, defect).toMatch(/cannot apply|stays so/);
  });
});
