import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReplProcess } from '../testing/repl-process.js';

describe('bash', () => {
  let repl: ReplProcess;
  beforeAll(async () => {
    repl = new ReplProcess('bash');
    await repl.ready();
  });
  afterAll(() => repl.close());

  it.each([
    ['$? of the run before', ['false', 'echo $?'], '1\n'],
    ['functions and the directory', ['f() { pwd; }; cd /usr', 'f; cd - >/dev/null'], '/usr\n'],
    ['what declare makes, as global', ['declare -a list=(1 "2 3")', 'echo "${list[1]}"'], '2 3\n'],
    ['positional parameters', ['set -- a "b c"', 'echo "$2"'], 'b c\n'],
    ['set -e', ['set -e; false; echo not reached', 'echo $-; set +e'], expect.stringContaining('e')],
    ['set -u', ['set -u; echo $nowhere; echo not reached', 'set +u; echo on'], 'on\n'],
  ])('keeps %s', async (_, [first, second], stdout) => {
    await repl.run(first ?? '');
    expect((await repl.run(second ?? '')).stdout).toEqual(stdout);
  });

  it('goes on after exit with all that it had', async () => {
    await repl.run(
      `declare -A map=([k]=$'v\\n"w') ; declare -r fixed=1; export out=side; shopt -s extglob; g() { echo g; }; set -- p`,
    );
    expect((await repl.run('exit 3')).exitCode).toBe(3);
    const { stdout } = await repl.run(`echo "\${map[k]}" $fixed $(printenv out) $1; g; shopt -q extglob && echo glob`);
    expect(stdout).toBe('v\n"w 1 side p\ng\nglob\n');
  });

  it('runs the EXIT trap of the user once, with exit, and takes its code', async () => {
    await repl.run(`trap 'echo bye; exit 9' EXIT`);
    expect(await repl.run('exit 2')).toMatchObject({ stdout: 'bye\n', exitCode: 9 });
    expect(await repl.run('exit 2')).toMatchObject({ stdout: '', exitCode: 2 });
  });

  it('leaves subshells as they are', async () => {
    expect((await repl.run(`(trap 'echo sub' EXIT; exit 4); echo $?`)).stdout).toBe('sub\n4\n');
  });

  it('takes break and continue as the end of a run', async () => {
    expect((await repl.run('break; echo not reached')).stdout).toBe('');
    expect((await repl.run('continue 5; echo not reached')).stdout).toBe('');
    expect((await repl.run('echo on')).stdout).toBe('on\n');
  });

  it('puts redirections back that were cut short', async () => {
    await repl.run('{ echo kept; exit 1; } >log');
    expect((await repl.run('echo seen')).stdout).toBe('seen\n');
    expect(readFileSync(join(repl.directory, 'log'), 'utf8')).toBe('kept\n');
  });

  it('traces the code of the user only', async () => {
    await repl.run('set -x');
    const { stderr } = await repl.run('echo traced; set +x');
    expect(stderr).toBe('++ echo traced\n++ set +x\n');
  });

  it.each([
    ['read -p "n: " a b; echo "[$a][$b]"', 'x y z\n', '[x][y z]\n', { prompt: 'n: ', password: false }],
    ['read -rs -p pw: x; echo "[$x]"', 'a\\b \n', '[a\\b]\n', { prompt: 'pw:', password: true }],
    ['read -a w; echo "${w[1]}"', 'one two\n', 'two\n', { prompt: '', password: false }],
    ['IFS=: read -r a b; echo "[$a][$b]"', 'x:y\n', '[x][y]\n', { prompt: '', password: false }],
    ['read; echo "[$REPLY]"', ' kept \n', '[ kept ]\n', { prompt: '', password: false }],
  ])('answers %s', async (code, answer, stdout, asked) => {
    const result = await repl.run(code, { answers: [answer] });
    expect(result.stdout).toBe(stdout);
    expect(result.records).toEqual([{ op: 'input', ...asked }]);
  });

  it('leaves read alone where it reads something else', async () => {
    const { stdout, records } = await repl.run(
      'printf "a\\nb\\n" | while read -r l; do echo "<$l>"; done; read x <<<here; echo $x',
    );
    expect({ stdout, records }).toEqual({ stdout: '<a>\n<b>\nhere\n', records: [] });
  });

  it('lets a trap of the user have the signal', async () => {
    await repl.run(`trap 'echo caught' INT`);
    expect((await repl.run('kill -INT $$; echo on')).stdout).toBe('caught\non\n');
    await repl.run('trap - INT');
    expect(await repl.run('kill -INT $$; echo on')).toMatchObject({ stdout: '', interrupted: true });
  });

  it('reads and writes every text that JSON can hold and bash can keep', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).map((s) => s.replaceAll('\0', '') + 'x');
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (wanted, escaped) => {
        const code = `x='${wanted.replaceAll("'", `'\\''`)}'; printf %s "$x"; read -p "$x"`;
        const { stdout, records } = await repl.run(code, { answers: ['\n'], escaped });
        expect({ stdout, records }).toEqual({ stdout: wanted, records: [{ op: 'input', prompt: wanted, password: false }] });
      }),
      { numRuns: 60 },
    );
  });

  it('takes half a surrogate pair as what it is: nothing that UTF-8 could hold', async () => {
    expect((await repl.run("printf %s '\ud800'")).stdout).toBe('\ufffd');
  });
});
