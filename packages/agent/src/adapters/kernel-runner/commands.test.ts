import { execFileSync } from 'node:child_process';
import type { BatchRun, RunId } from '@berth/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandsOf, completionRequest, quoted } from './commands.js';

const runId = 'r' as RunId;
const batch = (more: Partial<BatchRun> & Pick<BatchRun, 'argv'>): BatchRun => ({ runId, mode: 'batch', ...more });

describe('commands of a run', () => {
  it.each<[string, BatchRun, unknown]>([
    ['nothing', batch({ argv: [], build: '' }), { build: '', main: { type: 'exec', text: '' } }],
    ["the language's own rules", batch({ argv: ['*'], build: '*' }), { build: '*', main: { type: 'exec', text: '*' } }],
    [
      'shell text as it is',
      batch({ argv: ['/bin/sh', '-c', `a 'b' $c`] }),
      { build: null, main: { type: 'exec', text: `a 'b' $c` } },
    ],
    ['a program', batch({ argv: ['a b', "it's"] }), { build: null, main: { type: 'exec', text: `'a b' 'it'\\''s'` } }],
    [
      'an interpreter',
      batch({ argv: ['-c', 'x'], interpreter: 'python' }),
      { build: null, main: { type: 'exec', text: `python '-c' 'x'` } },
    ],
    [
      'variables and a directory',
      batch({ argv: ['x'], env: { A: "b'c" }, cwd: 'd e' }),
      { build: null, main: { type: 'exec', text: `export A='b'\\''c'; cd -- 'd e' && 'x'` } },
    ],
  ])('are %s', (_, run, commands) => {
    expect(commandsOf(run)).toEqual(commands);
  });

  it('are the code of a query', () => {
    const query = { runId, mode: 'query', language: 'python', code: 'x\ny' } as const;
    expect(commandsOf(query)).toEqual({ build: null, main: { type: 'code', text: 'x\ny' } });
  });

  it('mean to the shell what was meant', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((s) => !s.includes('\0'));
    fc.assert(
      fc.property(text, (value) => execFileSync('/bin/sh', ['-c', `printf %s ${quoted(value)}`]).toString() === value),
      { numRuns: 20 },
    );
  });
});

describe('a request for completions', () => {
  it('has the word before the cursor as its line, and the true place beside it', () => {
    const code = 'import os\nx = os.pa + 1\nz';
    expect(JSON.parse(completionRequest(code, 19))).toEqual({ code, line: 'os.pa', post: ' + 1', row: 1, col: 9 });
  });

  it('has an empty line where no word stands', () => {
    expect(JSON.parse(completionRequest('f(', 2))).toMatchObject({ line: '', post: '' });
  });
});
