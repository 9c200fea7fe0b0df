/** Every row of every transition table is held by a test, and the mutation run that says so can tell when one is not. */
import { spawnSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { ROOT, TemporaryTree } from './temporary-tree.js';

const TIMEOUT_MS = 60_000;
let tree: TemporaryTree | undefined;
afterEach(() => {
  tree?.remove();
  tree = undefined;
});

function mutate(root: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${ROOT}scripts/mutate-transitions.mjs`, root], {
    encoding: 'utf8',
  });
  return { status, said: stdout || stderr };
}

/** A package with a table of two rows, and a test of the given assertions. */
function smallPackage(assertions: string): TemporaryTree {
  const small = new TemporaryTree();
  small.write(
    'packages/demo/src/light.ts',
    `import { TransitionTable } from '@berth/base';
export const LIGHT = new TransitionTable<'red' | 'green', 'go' | 'stop'>([
  { from: 'red', on: 'go', to: 'green' },
  { from: 'green', on: 'stop', to: 'red' },
]);
`,
  );
  small.write(
    'packages/demo/src/light.test.ts',
    `import { expect, it } from 'vitest';
import { LIGHT } from './light.js';
it('changes', () => { ${assertions} });
`,
  );
  return small;
}

it('notices the loss of any row of the real tables', { timeout: TIMEOUT_MS }, () => {
  const { status, said } = mutate(ROOT);
  expect(said).toMatch(/^(\d+) rows deleted, \1 noticed$/m);
  expect(status).toBe(0);
});

it('names a row that no test holds', { timeout: TIMEOUT_MS }, () => {
  tree = smallPackage(`expect(LIGHT.next('red', 'go')).toBe('green');`);
  const { status, said } = mutate(tree.path);
  expect(said).toBe(
    "survived in packages/demo/src/light.ts: { from: 'green', on: 'stop', to: 'red' }\n2 rows deleted, 1 noticed\n",
  );
  expect(status).toBe(1);
});

it('does not take a test that always fails for one that notices', { timeout: TIMEOUT_MS }, () => {
  tree = smallPackage(`expect(1).toBe(2);`);
  const { status, said } = mutate(tree.path);
  expect(said).toContain('the test of packages/demo/src/light.ts fails with all rows there');
  expect(status).toBe(1);
});
