import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReplProcess } from '../testing/repl-process.js';

/** Libraries of the same surface as the real ones, as far as it is used. */
const LIBRARIES = {
  'matplotlib/__init__.py': '',
  'matplotlib/figure.py': `
class Figure:
    def __init__(self, number, size): self.number, self.size = number, size
    def savefig(self, file, format, bbox_inches):
        file.write((b'<svg>%d</svg>' % self.number if format == 'svg' else b'PNG') .ljust(self.size if format == 'svg' else 3))`,
  'matplotlib/pyplot.py': `
import os
from matplotlib.figure import Figure
backend = os.environ['MPLBACKEND']
figures = {}
def figure(num=None, size=0):
    num = num or len(figures) + 1
    show.__signature__ = None  # as pyplot does when it loads its backend
    return figures.setdefault(num, Figure(num, size))
def get_fignums(): return sorted(figures)
def close(figure): figures.pop(figure.number, None)
def show(): raise RuntimeError('no screen')`,
  'PIL/__init__.py': '',
  'PIL/Image.py': `
class Image:
    def _repr_png_(self): return b'\\x89PNG'
    def show(self): raise RuntimeError('no screen')`,
  'pandas.py': `
class DataFrame:
    def _repr_html_(self): return '<table></table>'
    def __repr__(self): return 'a table'`,
};

const svg = (number: number) => ({ op: 'media', mime: 'image/svg+xml', data: `<svg>${number}</svg>`, encoding: 'utf8' });

describe('python', () => {
  let libraries: string;
  let repl: ReplProcess;
  const run = async (code: string, answers: string[] = []) => repl.run(code, { answers });

  beforeAll(async () => {
    libraries = mkdtempSync(join(tmpdir(), 'berth-libraries-'));
    for (const [path, text] of Object.entries(LIBRARIES)) {
      mkdirSync(join(libraries, path, '..'), { recursive: true });
      writeFileSync(join(libraries, path), text);
    }
    repl = new ReplProcess('python', { env: { PYTHONPATH: libraries } });
    await repl.ready();
  });
  afterAll(async () => {
    await repl.close();
    rmSync(libraries, { recursive: true });
  });

  it('is written for Python 3.6', () => {
    const file = new URL('./python.py', import.meta.url).pathname;
    const check = 'import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 6))';
    expect(execFileSync('python3', ['-c', check, file]).toString()).toBe('');
  });

  it.each([
    ['a last expression', '1\n2 + 2', '4\n'],
    ['nothing for None', 'None', ''],
    ['the last value as _', '_ + 1', '5\n'],
    ['a string with quotes', "'a'", "'a'\n"],
    ['nothing for an assignment', 'y = 5', ''],
    ['statements in their order', 'print(1)\nfor i in range(2): i\nprint(2)\n3', '1\n2\n3\n'],
    ['the value of an await', 'import asyncio\nawait asyncio.sleep(0, "slept")', "'slept'\n"],
    ['what a thread prints', 'import threading\nt = threading.Thread(target=print, args=("t",)); t.start(); t.join()', 't\n'],
    [
      'os.write, print and children in order',
      'import os\nprint("a", end=""); print("b"); n = os.system("echo c"); n = os.write(1, b"d")',
      'ab\nc\nd',
    ],
    ['undecodable bytes unharmed', 'import os\nprint(os.fsdecode(b"\\xff") == "\\udcff")', 'True\n'],
  ])('shows %s', async (_, code, stdout) => {
    expect(await run(code)).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  it.each([
    ['pickle', 'class P: pass\nimport pickle\ntype(pickle.loads(pickle.dumps(P()))) is P', 'True\n'],
    ['dataclasses', 'from dataclasses import dataclass\n@dataclass\nclass D:\n  a: int\nD(1)', 'D(a=1)\n'],
    ['inspect.getsource', 'import inspect\ndef f(): return 1\nprint(inspect.getsource(f), end="")', 'def f(): return 1\n'],
    [
      'multiprocessing',
      'import multiprocessing as m\ndef g(x): return x * 2\nwith m.get_context("fork").Pool(2) as p: r = p.map(g, [1, 2])\nr',
      '[2, 4]\n',
    ],
    ['future statements', 'from __future__ import annotations\ndef h(a: nowhere): pass\nh.__annotations__', "{'a': 'nowhere'}\n"],
  ])('serves %s', async (_, code, stdout) => {
    expect(await run(code)).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  it.each([
    ['sys.exit()', 'import sys; sys.exit()', 0, ''],
    ['exit()', 'exit()', 0, ''],
    ['an exit code over 255', 'raise SystemExit(259)', 3, ''],
    ['an exit message', 'raise SystemExit("sorry")', 1, 'sorry\n'],
    ['a broken stderr', 'import sys; sys.stderr = None; raise SystemExit("sorry")', 1, 'sorry\n'],
  ])('gives the code of %s', async (_, code, exitCode, stderr) => {
    expect(await run(code)).toMatchObject({ exitCode, stderr, stdout: '' });
    await run('import sys; sys.stderr = sys.__stderr__');
  });

  it('shows the frames of chained exceptions, and none of its own', async () => {
    const { stderr } = await run('def f(): input()\ntry:\n  1 / 0\nexcept ZeroDivisionError:\n  f()');
    expect(stderr).toMatch(/ZeroDivisionError.*During handling.*in f\n {4}def f\(\): input\(\)\n.*EOFError/s);
    expect(stderr).not.toContain('python.py');
  });

  it('shows the frames of awaited code only', async () => {
    const { stderr } = await run('import asyncio\nasync def f():\n  await asyncio.sleep(0)\n  raise KeyError(1)\nawait f()');
    expect(stderr.match(/File "[^"]*"/g)).toEqual([expect.stringMatching(/"<run \d+>"/), expect.stringMatching(/"<run \d+>"/)]);
  });

  it('calls an except hook of the user', async () => {
    const { stderr } = await run('import sys\nsys.excepthook = lambda t, v, tb: print("hook", v, file=sys.stderr)\n1 / 0');
    expect(stderr).toBe('hook division by zero\n');
    await run('sys.excepthook = sys.__excepthook__');
  });

  it('keeps a forked child from the session', async () => {
    const { stdout } = await run('import os, sys\npid = os.fork()\nif pid == 0: sys.exit(3)\nos.waitpid(pid, 0)[1] >> 8');
    expect(stdout).toBe('3\n');
    expect((await run('print("still here")')).stdout).toBe('still here\n');
  });

  it('reads standard input by lines, to its end, and passwords', async () => {
    expect((await run('import sys\nsys.stdin.readline()', ['a\n'])).stdout).toBe("'a\\n'\n");
    expect((await run('[line for line in sys.stdin]', ['a\n', 'b'])).stdout).toBe("['a\\n', 'b']\n");
    expect((await run('sys.stdin.read()', ['é\n', 'b\n'])).stdout).toBe("'é\\nb\\n'\n");
    const { records, stdout } = await run('import getpass\ngetpass.getpass("key: ")', ['secret\n']);
    expect(records).toEqual([{ op: 'input', prompt: 'key: ', password: true }]);
    expect(stdout).toBe("'secret'\n");
  });

  it('reads what user code put in place of standard input', async () => {
    const { stdout, records } = await run(
      'import io, sys\nold, sys.stdin = sys.stdin, io.StringIO("mine")\nx = input()\nsys.stdin = old\nx',
    );
    expect({ stdout, records }).toEqual({ stdout: "'mine'\n", records: [] });
  });

  it('asks for a thread too', async () => {
    const code = 'import asyncio\nawait asyncio.get_running_loop().run_in_executor(None, input, "t? ")';
    expect((await run(code, ['from a thread\n'])).stdout).toBe("'from a thread'\n");
  });

  it('cancels what is awaited when it is interrupted', async () => {
    const code = 'import asyncio\ntry:\n  print("on")\n  await asyncio.sleep(60)\nfinally:\n  print("cleaned")';
    let sent = false;
    const result = await repl.run(code, {
      on: ({ stdout }) => {
        if (stdout === 'on\n' && !sent) repl.interrupt();
        sent ||= stdout === 'on\n';
      },
    });
    expect(result).toMatchObject({ stdout: 'on\ncleaned\n', exitCode: 130, interrupted: true });
    expect(result.stderr).toMatch(/KeyboardInterrupt\n$/);
  });

  it('lets a handler of the user have the signal during runs only', async () => {
    await run('import signal\nold = signal.signal(signal.SIGINT, lambda *_: print("caught"))');
    expect((await run('import os\nos.kill(os.getpid(), signal.SIGINT)\n"on"')).stdout).toBe("caught\n'on'\n");
    repl.interrupt();
    expect((await run('print("quiet")')).stdout).not.toContain('caught');
    await run('x = signal.signal(signal.SIGINT, old)');
  });

  it('survives interrupts at any moment', async () => {
    for (let i = 0; i < 60; i++) {
      const run = repl.run('for i in range(20000): pass\ndisplay(None)');
      for (const end = process.hrtime.bigint() + BigInt(i * 20_000); process.hrtime.bigint() < end;);
      repl.interrupt();
      expect([0, 130]).toContain((await run).exitCode);
    }
    expect((await repl.run('print("alive")')).stdout).toMatch(/^(alive\n)?$/);
  });

  it('shows figures that are open at the end, once, and closes them', async () => {
    expect((await run('import matplotlib.pyplot as plt\nplt.backend')).stdout).toBe("'Agg'\n");
    expect((await run('f = plt.figure(); g = plt.figure()')).records).toEqual([svg(1), svg(2)]);
    expect((await run('f = plt.figure()\nf')).records).toEqual([svg(1)]);
    expect((await run('1')).records).toEqual([]);
  });

  it('shows figures at once where they are asked for', async () => {
    const { records, stdout } = await run('f = plt.figure()\nplt.show()\nprint(plt.get_fignums())');
    expect({ records, stdout }).toEqual({ records: [svg(1)], stdout: '[]\n' });
  });

  it('sends a figure that is heavy as SVG as pixels', async () => {
    const { records } = await run('f = plt.figure(size=2000000)');
    expect(records).toEqual([
      { op: 'media', mime: 'image/png', data: Buffer.from('PNG').toString('base64'), encoding: 'base64' },
    ]);
  });

  it('shows an image in place of its repr', async () => {
    const media = {
      op: 'media',
      mime: 'image/png',
      data: Buffer.from('\x89PNG', 'latin1').toString('base64'),
      encoding: 'base64',
    };
    expect(await run('from PIL import Image\nImage.Image()')).toMatchObject({ stdout: '', records: [media] });
    expect(await run('Image.Image().show()')).toMatchObject({ stdout: '', records: [media] });
  });

  it('shows a table as HTML and as text', async () => {
    expect(await run('import pandas\npandas.DataFrame()')).toMatchObject({
      stdout: 'a table\n',
      records: [{ op: 'html', text: '<table></table>' }],
    });
  });

  it('shows objects that can draw themselves, and others as text', async () => {
    const drawing = 'class Ship:\n  def _repr_svg_(self): return "<svg/>"\n';
    expect((await run(`${drawing}display(Ship(), 1)`)).records).toEqual([
      { op: 'media', mime: 'image/svg+xml', data: '<svg/>', encoding: 'utf8' },
    ]);
    const bundle = 'class B:\n  def _repr_mimebundle_(self): return {"text/plain": "b", "image/png": "AAAA"}, {}\nB()';
    expect((await run(bundle)).records).toEqual([{ op: 'media', mime: 'image/png', data: 'AAAA', encoding: 'base64' }]);
  });

  it('shows the value where a drawing fails', async () => {
    const { stdout, stderr } = await run('class B:\n  def _repr_svg_(self): 1 / 0\n  def __repr__(self): return "B"\nB()');
    expect({ stdout, last: stderr.split('\n').at(-2) }).toEqual({ stdout: 'B\n', last: 'ZeroDivisionError: division by zero' });
  });
});
