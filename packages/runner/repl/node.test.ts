import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReplProcess } from '../testing/repl-process.js';

describe('node', () => {
  let repl: ReplProcess;
  beforeAll(async () => {
    repl = new ReplProcess('node');
    await repl.ready();
  });
  afterAll(() => repl.close());

  it.each([
    ['a value', '6 * 7', '42\n'],
    ['the last value as _', '_ + 1', '43\n'],
    ['nothing for undefined', 'void 0', ''],
    ['an object literal', '{ a: 1 }', '{ a: 1 }\n'],
    ['a block as a block', '{ let q = 1; q }', '1\n'],
    ['a big integer', '10n', '10n\n'],
    ['a symbol', 'Symbol("s")', 'Symbol(s)\n'],
    ['minus zero', '-0', '-0\n'],
    ['awaited values', 'await Promise.resolve([1])', '[ 1 ]\n'],
    ['a promise that the code ends in, settled', '(async () => { await null; return 5 })()', 'Promise { 5 }\n'],
    ['nothing for a promise of nothing', '(async () => { await null })()', ''],
  ])('shows %s', async (_, code, stdout) => {
    expect(await repl.run(code)).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  it('keeps declarations of every kind, and lets them be made anew', async () => {
    await repl.run('const c = 1; let l = 2; var v = 3; class C {}; function f() { return 5 }; const { d } = await { d: 6 }');
    expect((await repl.run('[c, l, v, typeof C, f(), d]')).stdout).toBe("[ 1, 2, 3, 'function', 5, 6 ]\n");
    expect((await repl.run('const c = 7; c')).stdout).toBe('7\n');
  });

  it('resolves require and import() from the working directory', async () => {
    writeFileSync(join(repl.directory, 'own.cjs'), 'exports.a = 1');
    writeFileSync(join(repl.directory, 'own.mjs'), 'export const b = 2');
    expect((await repl.run('require("./own.cjs").a + (await import("./own.mjs")).b')).stdout).toBe('3\n');
    expect((await repl.run('typeof (await import("node:fs")).readFileSync')).stdout).toBe("'function'\n");
  });

  it('leaves the word import alone in strings and comments', async () => {
    expect((await repl.run('"import(1)" /* import(2) */ + \'import(3)\' // import(4)')).stdout).toBe("'import(1)import(3)'\n");
  });

  it.each([
    ['a rejection that nobody handles', 'Promise.reject(new Error("lost"))\n1', 'Uncaught Error: lost\n    at run-N:1:16\n'],
    ['a rejected last value', '(async () => { throw 1 })()', 'Uncaught 1\n'],
    [
      'an error in a timer',
      'setTimeout(() => { throw new Error("late") }, 1); await new Promise(() => {})',
      /^Uncaught Error: late\n {4}at Timeout/,
    ],
    [
      'a syntax error, with its place',
      'let a = 1\nlet b = = 2',
      "run-N:2\nlet b = = 2\n        ^\n\nUncaught SyntaxError: Unexpected token '='\n",
    ],
  ])('tells %s', async (_, code, stderr) => {
    const result = await repl.run(code);
    expect(result.exitCode).toBe(1);
    const text = result.stderr.replace(/run-\d+/g, 'run-N');
    if (typeof stderr === 'string') expect(text).toBe(stderr);
    else expect(text).toMatch(stderr);
  });

  it('shows no frames of its own', async () => {
    const { stderr } = await repl.run('function g() { throw new Error("outer", { cause: new Error("inner") }) }\ng()');
    expect(stderr).toMatch(/outer\n {4}at g \(run-\d+:1:22\)\n {4}at run-\d+:2:1.*cause.*inner/s);
    expect(stderr).not.toMatch(/node\.mjs|node:/);
  });

  it('takes process.exit after an await and in a callback', async () => {
    expect((await repl.run('try { await null; process.exit(4) } catch {}')).exitCode).toBe(4);
    expect((await repl.run('setTimeout(() => process.exit(5), 1); await new Promise(() => {})')).exitCode).toBe(5);
    expect((await repl.run('process.exit()')).exitCode).toBe(0);
  });

  it('lets timers go on after the run', async () => {
    await repl.run('let ticked = new Promise((resolve) => setTimeout(resolve, 5, "tick"))');
    expect((await repl.run('await ticked')).stdout).toBe("'tick'\n");
  });

  it('completes members without calling anything', async () => {
    await repl.run('var called = 0; var trap = { get inner() { called++; return { deep: 1 } } }');
    expect(await repl.complete('trap.in')).toEqual(['trap.inner']);
    expect(await repl.complete('trap.inner.de')).toEqual([]);
    expect((await repl.run('called')).stdout).toBe('0\n');
  });
});
