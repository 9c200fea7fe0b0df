import { describe, expect, it } from 'vitest';
import { parseCounter } from './limits.js';
import { exitStatus } from './launch.js';
import { parseStat, readProcess } from './table.js';
import { descendantsOf, treeOf } from './tree.js';

describe('a line of /proc/PID/stat', () => {
  const rest = 'S 7 42 43 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 9876 1000';

  it('is read past a name that imitates it', () => {
    expect(parseStat(`42 (a) R 1 1 1 (x\n) ${rest}`)).toEqual({
      pid: 42,
      parent: 7,
      session: 43,
      started: 9876,
      used: 26,
      alive: true,
    });
  });

  it.each(['', '42 (a', '42 (a) S 1'])('is refused when it is %j', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });

  it.each([
    ['S', 1, true],
    ['T', 1, true],
    ['Z', 1, false],
    ['Z', 2, true],
    ['X', 1, false],
  ])('in state %s with %d threads is alive: %s', (state, threads, alive) => {
    const text = `42 (a) ${state} 7 42 43 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 ${threads} 0 9876 1000`;
    expect(parseStat(text)).toMatchObject({ alive });
  });

  it('describes this process', () => {
    expect(readProcess(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid });
  });
});

describe('a tree', () => {
  const entry = (pid: number, parent: number, session = 0) => ({ pid, parent, session, started: 0, used: 0, alive: true });
  const table = [entry(1, 0), entry(2, 1), entry(3, 2), entry(4, 3), entry(5, 1, 2), entry(6, 1)];

  it('has all descendants but the excepted and theirs', () => {
    expect(
      descendantsOf(table, 1, 3)
        .map(({ pid }) => pid)
        .sort(),
    ).toEqual([2, 5, 6]);
  });

  it('has those that only share the session', () => {
    expect(treeOf(table, 2).map(({ pid }) => pid)).toEqual([3, 4, 5]);
  });
});

describe('an exit', () => {
  it.each([
    [7, null, true, { exitCode: 7, signal: null }],
    [137, null, true, { exitCode: null, signal: 'SIGKILL' }],
    [137, null, false, { exitCode: 137, signal: null }],
    [255, null, true, { exitCode: 255, signal: null }],
    [null, 'SIGTERM', true, { exitCode: null, signal: 'SIGTERM' }],
  ] as const)('with code %s and signal %s under a subreaper (%s)', (code, signal, subreaper, expected) => {
    expect(exitStatus(code, signal, subreaper)).toEqual(expected);
  });
});

describe('a counter', () => {
  it.each([
    ['low 0\noom 4\noom_kill 2\n', 'oom_kill', 2],
    ['oom_kill_disable 0\nunder_oom 0\noom_kill 5\n', 'oom_kill', 5],
    ['max 9\n', 'max', 9],
    ['', 'max', 0],
  ])('in %j', (text, name, value) => {
    expect(parseCounter(text, name)).toBe(value);
  });
});
