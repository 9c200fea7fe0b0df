/** The tool that runs tests in a machine of its own says what is wrong with a call before it makes anything. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { ROOT } from './temporary-tree.js';

const call = (...args: string[]) => spawnSync(`${ROOT}scripts/test-vm`, args, { encoding: 'utf8' });

it.each([
  [['walk'], /^test-vm: "walk" is not `run`/],
  [['run', '--debian', 'buzz'], /^test-vm: --debian is buzz: it must be bookworm or trixie/],
  [['run', '--cgroup-driver', 'none'], /^test-vm: --cgroup-driver is none: it must be systemd or cgroupfs/],
  [['run', '--minutes', '-1'], /^test-vm: .*--minutes/],
  [['run', '--wrong'], /^test-vm: .*--wrong/],
])('%j is refused with the usage', (args, told) => {
  const { status, stderr } = call(...args);
  expect(stderr).toMatch(told);
  expect(stderr).toContain('usage: scripts/test-vm run');
  expect(status).toBe(64);
});

it('has help', () => {
  expect(call('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('scripts/test-vm run') as string });
});
