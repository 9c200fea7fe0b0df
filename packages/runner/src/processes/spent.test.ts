import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { parseChildren, spentByEnded } from './spent.js';

it('reads what the children of a process have used past a name that imitates it', () => {
  expect(parseChildren('42 (a) R 1 (x) S 7 42 43 0 -1 4194304 1 2 3 4 5 6 70 8 20 0 1 0 9876 1000')).toBe(78);
});

/** The CPU time that is told of `code`, run beside what else `starts` brings. */
const spentBy = async (code: string): Promise<number | null> => {
  const child = spawn('/bin/sh', ['-c', code]);
  const spent = new Promise<number | null>((resolve) => child.once('exit', () => void spentByEnded().then(resolve)));
  await once(child, 'exit');
  return spent;
};

it('knows the share of a child that ends alone, and says so when several end at once', async () => {
  const burn = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done';
  expect(await spentBy('true')).toBeLessThan(50);
  expect(await spentBy(burn)).toBeGreaterThanOrEqual(50);
  const together = [spentByEnded(), spentByEnded()];
  expect(await Promise.all(together)).toEqual([null, null]);
});
