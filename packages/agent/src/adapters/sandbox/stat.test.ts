import { describe, expect, it } from 'vitest';
import { bootOfMachine, isAlive, parseProcessName, parseStat, statOf } from './stat.js';

const REST = 'S 7 42 43 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 9876 1000';

describe('a line of /proc/PID/stat', () => {
  it('is read past a name that imitates it', () => {
    expect(parseStat(`42 (a) R 1 1 (x\n) ${REST}`)).toMatchObject({ pid: 42, parent: 7, started: '9876', alive: true });
  });

  it.each(['', '42 (a', '42 (a) S 1', 'x (a) '])('is refused when it is %j', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });
});

describe('a process by its lasting name', () => {
  const { pid, started } = statOf(process.pid)!;
  const boot = bootOfMachine();

  it('lives while it lives', () => {
    expect(isAlive({ pid, started, boot })).toBe(true);
  });

  it('is not another that was given its pid, nor one of another boot', () => {
    expect(isAlive({ pid, started: '1', boot })).toBe(false);
    expect(isAlive({ pid, started, boot: 'another' })).toBe(false);
  });

  it('is read only when it is whole', () => {
    expect(parseProcessName(`${boot}\n42 (sh) ${REST}\n`)).toEqual({ pid: 42, started: '9876', boot });
    for (const text of ['', boot, `${boot}\n42 (sh)`, `${boot}\n42 (sh) ${REST}`, 'sealed\n'])
      expect(parseProcessName(text)).toBeUndefined();
  });
});
