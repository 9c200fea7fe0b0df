import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReplProcess, type ReplLanguage } from '../testing/repl-process.js';

/** What every language does, said in each language. */
const LANGUAGES: readonly {
  language: ReplLanguage;
  version: RegExp;
  hello: string;
  set: string;
  get: string;
  error: string;
  errorText: RegExp;
  errorCode: number;
  syntaxError: string;
  syntaxCode: number;
  exit: string;
  ask: string;
  askToEnd: string;
  busy: string;
  sleep: string;
  mebibyte: string;
  split: string;
  prepare: string;
  complete: [code: string, match: string];
  descriptors: string;
}[] = [
  {
    language: 'python',
    version: /^Python 3\.\d+\.\d+/,
    hello: 'print("héllo 🚢")',
    set: 'x = 41',
    get: 'print(x + 1)',
    error: 'raise ValueError("no such ship")',
    errorText: /^Traceback \(most recent call last\):\n {2}File "<run \d+>", line 1, in <module>\n.*ValueError: no such ship\n$/s,
    errorCode: 1,
    syntaxError: 'f(',
    syntaxCode: 1,
    exit: 'import sys\ndef leave(): sys.exit(3)\nleave()\nprint("not reached")',
    ask: 'print("hello " + input("who? "))',
    askToEnd: 'try:\n  input()\nexcept EOFError: print("the end")',
    busy: 'print("on", flush=True)\nwhile True: pass',
    sleep: 'import time\nprint("on", flush=True)\ntime.sleep(60)',
    mebibyte: 'import sys\nn = sys.stdout.write("0123456789abcdef" * 65536)',
    split: 'import os\nfor b in "🚢".encode(): n = os.write(1, bytes([b]))',
    prepare: 'import os',
    complete: ['print(os.path.joi', 'os.path.join'],
    descriptors:
      'import subprocess\nprint(subprocess.run("ls -l /proc/self/fd", shell=True, close_fds=False, stdout=-1).stdout.decode())',
  },
  {
    language: 'node',
    version: /^Node\.js v\d+/,
    hello: 'console.log("héllo 🚢")',
    set: 'let x = 41',
    get: 'console.log(x + 1)',
    error: 'throw new RangeError("no such ship")',
    errorText: /^Uncaught RangeError: no such ship\n {4}at run-\d+:1:7\n$/,
    errorCode: 1,
    syntaxError: 'f(',
    syntaxCode: 1,
    exit: 'function leave() { try { process.exit(3) } catch {} }\nleave()\nconsole.log("not reached")',
    ask: 'console.log("hello " + prompt("who? "))',
    askToEnd: 'if (prompt() === null) console.log("the end")',
    busy: 'console.log("on")\nfor (;;);',
    sleep: 'await null\nconsole.log("on")\nawait new Promise((resolve) => setTimeout(resolve, 60000))',
    mebibyte: 'void process.stdout.write("0123456789abcdef".repeat(65536))',
    split: 'for (const b of Buffer.from("🚢")) process.stdout.write(Buffer.of(b))\nundefined',
    prepare: '',
    complete: ['const a = process.arg', 'process.argv'],
    descriptors: 'console.log(require("child_process").execSync("ls -l /proc/self/fd").toString())',
  },
  {
    language: 'bash',
    version: /^bash [45]\.\d+/,
    hello: 'echo "héllo 🚢"',
    set: 'x=41',
    get: 'echo $((x + 1))',
    error: 'ls /no/such/ship',
    errorText: /^ls: .*no\/such\/ship/,
    errorCode: 2,
    syntaxError: 'if',
    syntaxCode: 2,
    exit: 'leave() { while :; do eval "exit 3"; done; }\nleave\necho "not reached"',
    ask: 'read -r -p "who? " name; echo "hello $name"',
    askToEnd: 'read -r line || echo "the end"',
    busy: 'echo on\nwhile :; do :; done',
    sleep: 'echo on\nsleep 60; echo no',
    mebibyte: 'printf "0123456789abcdef%.0s" {1..65536}',
    split: 'for b in f0 9f 9a a2; do printf "\\x$b"; done',
    prepare: '',
    complete: ['echo "$HOM', '$HOME'],
    descriptors: 'ls -l /proc/self/fd',
  },
];

describe.each(LANGUAGES)('the $language REPL', (it_) => {
  let repl: ReplProcess;
  let version: string;
  beforeAll(async () => {
    repl = new ReplProcess(it_.language);
    version = await repl.ready();
  });
  afterAll(() => repl.close());

  it('says its version', () => {
    expect(version).toMatch(it_.version);
  });

  it('prints', async () => {
    expect(await repl.run(it_.hello)).toEqual({ stdout: 'héllo 🚢\n', stderr: '', records: [], exitCode: 0, interrupted: false });
  });

  it('keeps its variables', async () => {
    await repl.run(it_.set);
    expect((await repl.run(it_.get)).stdout).toBe('42\n');
  });

  it('tells an error on stderr, with the exit code', async () => {
    const { stdout, stderr, exitCode } = await repl.run(it_.error);
    expect(stderr).toMatch(it_.errorText);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: it_.errorCode });
  });

  it('tells a syntax error', async () => {
    const { stderr, exitCode } = await repl.run(it_.syntaxError);
    expect(stderr).toMatch(/syntax ?error/i);
    expect(exitCode).toBe(it_.syntaxCode);
  });

  it('takes an exit call as the end of the run, not of the session', async () => {
    await repl.run(it_.set);
    const { stdout, stderr, exitCode } = await repl.run(it_.exit);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: '', exitCode: 3 });
    expect((await repl.run(it_.get)).stdout).toBe('42\n');
  });

  it('asks for input, the prompt in the message only', async () => {
    const { stdout, records } = await repl.run(it_.ask, { answers: ['Ada\n'] });
    expect(records).toEqual([{ op: 'input', prompt: 'who? ', password: false }]);
    expect(stdout).toBe('hello Ada\n');
  });

  it('sees the end of input', async () => {
    expect((await repl.run(it_.askToEnd)).stdout).toBe('the end\n');
  });

  it.each(['busy', 'sleep'] as const)('is interrupted in a %s loop, and lives on', async (kind) => {
    await repl.run(it_.set);
    let sent = false;
    const { exitCode, interrupted } = await repl.run(it_[kind], {
      on: ({ stdout }) => {
        if (stdout === 'on\n' && !sent) repl.interrupt();
        sent ||= stdout === 'on\n';
      },
    });
    expect({ exitCode, interrupted }).toEqual({ exitCode: 130, interrupted: true });
    expect((await repl.run(it_.get)).stdout).toBe('42\n');
  });

  it('is interrupted while it waits for input', async () => {
    const { interrupted, stdout } = await repl.run(it_.ask, { on: ({ message }) => message && repl.interrupt() });
    expect({ interrupted, stdout }).toEqual({ interrupted: true, stdout: '' });
    expect((await repl.run(it_.hello)).exitCode).toBe(0);
  });

  it('is not hurt by an interrupt between runs', async () => {
    for (let i = 0; i < 5; i++) {
      repl.interrupt();
      expect((await repl.run(it_.hello)).stdout).toMatch(/^(héllo 🚢\n)?$/);
    }
    expect((await repl.run(it_.hello)).stdout).toBe('héllo 🚢\n');
  });

  // Node takes its own watch on SIGINT up and down around code, and for some microseconds there is none.
  it.skipIf(it_.language === 'node')('does not lose an interrupt that comes right after the code', async () => {
    for (let i = 0; i < 10; i++) {
      const run = repl.run(it_.busy);
      repl.interrupt();
      expect(await run).toMatchObject({ interrupted: true });
    }
  });

  it('writes 1 MiB and all of it before it is done', async () => {
    const { stdout } = await repl.run(it_.mebibyte);
    expect(stdout.length).toBe(1 << 20);
    expect(stdout === '0123456789abcdef'.repeat(1 << 16)).toBe(true);
  });

  it('writes bytes as they are', async () => {
    expect((await repl.run(it_.split)).stdout).toBe('🚢');
  });

  it('completes', async () => {
    const [code, match] = it_.complete;
    await repl.run(it_.prepare);
    expect(await repl.complete(code)).toContain(match);
  });

  it('takes 100 KB of code', async () => {
    const comment = it_.language === 'node' ? '//' : '#';
    const code = `${it_.hello}\n${`${comment} a line with "quotes", a \\ and an é\n`.repeat(2500)}`;
    expect((await repl.run(code)).stdout).toBe('héllo 🚢\n');
  });

  it('keeps the link from its children', async () => {
    const open = (listing: string) =>
      [...listing.matchAll(/ (\d+) -> (.*)/g)].filter(([, , to]) => !to?.startsWith('/proc/')).map(([, fd]) => fd);
    // What this process itself lets through is not the REPL's doing.
    const plain = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).stdout;
    expect(open((await repl.run(it_.descriptors)).stdout)).toEqual(open(plain));
  });

  it('ends with the link', async () => {
    const own = new ReplProcess(it_.language);
    await own.ready();
    expect(await own.close()).toBe(0);
  });
});
