import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Terminal } from '../terminal.js';
import { fitted, pullLine } from './pull-line.js';

describe('fitted', () => {
  it.each([
    ['a:1', '', 40, 'pulling a:1'],
    ['a:1', '5 % of 1 kB', 40, 'pulling a:1: 5 % of 1 kB'],
    ['registry.example/very/long/name:1', '5 % of 1 kB', 40, 'pulling …e/very/long/name:1: 5 % of 1 kB'],
    ['a-long-reference:1', '5 % of 1 kB', 10, 'pulling …:'],
    ['a', '5', 0, ''],
  ])('%s, %j in %d', (reference, text, width, line) => {
    expect(fitted(reference, text, width)).toBe(line);
  });
});

describe('pullLine', () => {
  const shownTo = (stderrIsTTY: boolean) => {
    const stderr = new PassThrough();
    const line = pullLine({ stderr, stderrIsTTY } as unknown as Terminal, 'a\u001b[2J:1');
    line.update({ status: 'Downloading', layer: 'aaaaaaaaaaaa', bytes: 1, total: 2 });
    line.end();
    return (stderr.read() as Buffer).toString();
  };

  it('is a line for programs', () => expect(shownTo(false)).toBe('berth: pulling a [2J:1\n'));
  it('clears itself for people', () => expect(shownTo(true)).toBe('\r\u001b[Kpulling a [2J:1\r\u001b[K'));
});
