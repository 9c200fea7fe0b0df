/** Builds and terminals in real containers: of each image, of a hardened kernel, of whoever runs the agent. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newRunId, type BatchRun, type KernelId, type RunId } from '@berth/wire';
import {
  createKernel,
  readRun,
  run,
  shell,
  startTestAgent,
  type RunOutcome,
  type RunWish,
  type TestAgent,
} from '../support/agent.js';
import { Berth, collect, type Ended } from '../support/berth.js';
import { describeWithDocker } from '../support/services.js';

const SIZE = { rows: 31, columns: 97 };

describeWithDocker('a terminal', (docker) => {
  let node: TestAgent;
  beforeAll(async () => {
    node = await startTestAgent(docker);
  }, 60_000);
  afterAll(() => node.stop());

  async function inImage<T>(image: string, fn: (kernel: KernelId) => Promise<T>): Promise<T> {
    const kernel = await createKernel(node.service, { image });
    try {
      return await fn(kernel);
    } finally {
      await node.service.destroyKernel(kernel, { graceMs: 0 });
    }
  }

  /** Runs `wish` in a terminal; `steps` are taken in order, each as soon as the screen shows its text. */
  async function inTerminal(
    kernel: KernelId,
    wish: Omit<Extract<RunWish, { mode: 'batch' }>, 'mode'>,
    steps: readonly (readonly [shown: string, step: (runId: RunId) => Promise<unknown>])[] = [],
  ): Promise<RunOutcome> {
    const runId = newRunId();
    const request: BatchRun = { mode: 'batch', runId, stdin: 'open', terminal: SIZE, ...wish };
    await node.service.startRun(kernel, request);
    const left = [...steps];
    let screen = '';
    return readRun(node.service, kernel, runId, (record) => {
      if (record.type !== 'stdout') return;
      screen += Buffer.from(record.data).toString();
      while (left[0] && screen.includes(left[0][0])) void left.shift()![1](runId);
    });
  }

  const typing =
    (kernel: KernelId, text: string, offset = 0) =>
    (runId: RunId): Promise<unknown> =>
      node.service.sendInput(kernel, runId, offset, Buffer.from(text), false);

  it('in a Debian image: its size, its owner, its keys', () =>
    inImage(docker.images.debian, async (kernel) => {
      const script = [
        'stty size',
        'echo out >/dev/stdout; echo tty >/dev/tty',
        'echo "$(stat -c %u $(tty)) is $(id -u), groups $(id -G), $TERM"',
        'trap "stty size; echo int?; trap - WINCH" WINCH',
        'echo ready; read line; echo "<$line>"',
        'trap "echo interrupted; exit 9" INT; while :; do sleep 0.05; done',
      ].join('\n');
      const outcome = await inTerminal(kernel, { argv: ['bash', '-c', script] }, [
        ['ready', typing(kernel, 'typed\r')],
        ['<typed>', (runId) => node.service.resizeRun(kernel, runId, { rows: 50, columns: 132 })],
        ['int?', typing(kernel, '\x03', 6)],
      ]);
      expect(outcome.finished).toMatchObject({ exitCode: 9, reason: 'exited' });
      expect(outcome.stderr).toBe('');
      const [uid] = /(\d+) is \1, groups (\d+), xterm-256color/.exec(outcome.stdout)!.slice(1);
      expect(Number(uid)).toBeGreaterThan(0);
      expect(outcome.stdout).toMatch(/^31 97\r\nout\r\ntty\r\n[^]*<typed>\r\n50 132\r\n[^]*interrupted\r\n$/);
    }));

  it('in a musl image: a shell of its own C library', () =>
    inImage(docker.images.musl, async (kernel) => {
      const outcome = await inTerminal(kernel, { argv: ['/bin/sh', '-c', 'test -t 0 && echo yes >/dev/tty; hello; exit 3'] });
      expect([outcome.stdout, outcome.finished.exitCode]).toEqual(['yes\r\nhello from musl\r\n', 3]);
    }));

  it('in an empty image: the carried Node as program', () =>
    inImage(docker.images.empty, async (kernel) => {
      const code = 'console.log(process.stdout.getWindowSize(), require("fs").existsSync("/bin/sh"))';
      const outcome = await inTerminal(kernel, { interpreter: 'node', argv: ['-e', code] });
      expect(outcome.stdout).toMatch(/97.*31.*false/);
      expect(outcome.finished.exitCode).toBe(0);
    }));

  it("in the built-in image host: the machine's own Python, its output whole", () =>
    inImage('host', async (kernel) => {
      const code = 'import os,tty\ntty.setraw(1)\nfor i in range(128): os.write(1, bytes([i]) * 8192)';
      const outcome = await inTerminal(kernel, { interpreter: 'python', argv: ['-c', code] });
      const wanted = Buffer.concat(Array.from({ length: 128 }, (_, i) => Buffer.alloc(8192, i)));
      expect(Buffer.from(outcome.stdout).equals(wanted)).toBe(true);
    }));

  it('in an image with hostile settings, which reach the program only', () =>
    inImage(docker.images.hostile, async (kernel) => {
      const outcome = await inTerminal(kernel, { argv: ['/bin/sh', '-c', 'echo "$GREETING"; test -t 1; echo $?'] });
      expect(outcome.stdout).toMatch(/hello\r\n[^]*0\r\n$/);
      expect(outcome.finished.reason).toBe('exited');
    }));

  it('is killed with all that was started in it', () =>
    inImage(docker.images.debian, async (kernel) => {
      const script = 'trap "" HUP TERM INT; setsid sleep 4711 & sleep 4711 & echo up; wait';
      const outcome = await inTerminal(kernel, { argv: ['bash', '-c', script] }, [
        ['up', (runId) => node.service.signalRun(kernel, runId, 'kill')],
      ]);
      expect(outcome.finished.reason).toBe('killed');
      const left = await run(node.service, kernel, shell('for file in /proc/[0-9]*/cmdline; do tr "\\0" " " <$file; echo; done'));
      expect(left.stdout).toContain('runner.mjs --kernel');
      expect(left.stdout).not.toMatch(/4711|--terminal/);
    }));

  it('is refused a size where a run has none', () =>
    inImage(docker.images.debian, async (kernel) => {
      const { runId } = await run(node.service, kernel, shell('true'));
      await expect(node.service.resizeRun(kernel, runId, SIZE)).rejects.toMatchObject({ code: 'terminal-missing' });
    }));
});

describeWithDocker('a build', (docker) => {
  let node: TestAgent;
  beforeAll(async () => {
    node = await startTestAgent(docker);
  }, 60_000);
  afterAll(() => node.stop());

  const told = ({ records }: RunOutcome): unknown[] =>
    records.map((record) =>
      'data' in record
        ? [record.type, Buffer.from(record.data as Uint8Array).toString()]
        : [record.type, 'exitCode' in record && record.exitCode],
    );

  it('that fails gives what the supervisor of 2018 gave', async () => {
    const kernel = await createKernel(node.service, { image: docker.images.debian });
    const outcome = await run(node.service, kernel, { mode: 'batch', build: 'echo hi; exit 3', argv: ['true'] });
    expect(told(outcome)).toEqual([
      ['stdout', 'hi\n'],
      ['build-finished', 3],
      ['finished', 127],
    ]);
    await node.service.destroyKernel(kernel, { graceMs: 0 });
  });

  it('needs a shell', async () => {
    const kernel = await createKernel(node.service, { image: docker.images.empty });
    const outcome = await run(node.service, kernel, { mode: 'batch', build: 'true', argv: [] });
    expect(outcome.finished).toMatchObject({
      exitCode: 127,
      reason: 'start-failed',
      detail: expect.stringContaining('/bin/sh') as string,
    });
    await node.service.destroyKernel(kernel, { graceMs: 0 });
  });
});

describeWithDocker('berth shell', (docker) => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(docker);
    await berth.up();
    expect(await berth.run(['run', '--keep', '--name', 'work', 'true'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'berth: the session is work\n',
    });
  }, 60_000);
  afterAll(() => berth.dispose());

  /** Takes `steps` in order, each as soon as the screen shows its text. */
  async function sit(args: string[], steps: readonly (readonly [shown: string, keys: string])[]): Promise<Ended> {
    const child = berth.spawnInTerminal(['shell', 'work', ...args]);
    const left = [...steps];
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      while (left[0] && screen.includes(left[0][0])) {
        screen = screen.slice(screen.indexOf(left[0][0]) + left[0][0].length);
        child.stdin.write(left.shift()![1]);
      }
    });
    const ended = await collect(child);
    if (left.length > 0) throw new Error(`waited for ${JSON.stringify(left[0])}: ${JSON.stringify(ended)}`);
    return ended;
  }

  it('is a shell whose keys, size and end are those of any shell', async () => {
    const { stdout, code } = await sit(
      [],
      [
        ['$', 'stty size; echo "<$0>"\r'],
        ['31 97', 'trap "stty size" WINCH; echo tr$(echo ap)ped\r'],
        ['trapped', '\0'],
        // A Ctrl-C that is typed ahead of a program may meet nobody, as at any terminal: so the program is there first.
        ['50 132', 'echo re$(echo a)dy; sleep 60\r'],
        ['ready', '\x03'],
        ['^C', 'exit 5\r'],
      ],
    );
    expect(stdout).toMatch(/<bash>/);
    expect(stdout).toMatch(/restored\r?\n$/);
    expect(code).toBe(5);
  }, 60_000);

  it('is left with Ctrl-], and what runs in it goes on', async () => {
    const { stdout, code } = await sit(['--', 'sh', '-c', 'echo up; exec sleep 4712'], [['up', '\x1d']]);
    expect(stdout).toMatch(/left; it goes on as run [0-9a-f]+[^]*restored\r?\n$/);
    expect(code).toBe(0);
    expect((await berth.client.listRuns('work')).at(-1)).toMatchObject({ state: 'running' });
  }, 60_000);

  it('says that it needs a terminal', async () => {
    expect(await berth.run(['shell', 'work'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('berth exec') as string,
    });
  });
});
