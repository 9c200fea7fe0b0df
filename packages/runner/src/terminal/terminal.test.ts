import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { BatchRun, Finished, RunId, RunRecord } from '@berth/wire';
import type { Stream, SubscribeOptions, TestAgent } from '../../testing/client.js';
import { marked, processesWith, startRunner, tini, waitFor, type Harness, type HarnessOptions } from '../../testing/harness.js';
import { parseForeground } from '../processes/terminal.js';

let harness: Harness | undefined;
let agent: TestAgent;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

async function begin(options: HarnessOptions = {}): Promise<void> {
  harness = await startRunner(options);
  agent = await harness.agent();
}

interface Shown extends Stream {
  readonly run: RunId;
  /** Types `text`, after what was typed before. */
  type(text: string, end?: boolean): Promise<void>;
  /** Resolves once the screen has shown something that fits. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  readonly finished: Promise<Finished>;
}

/** Starts `argv` in a terminal. */
async function open(run: string, argv: string[], more: Partial<BatchRun> = {}, options: SubscribeOptions = {}): Promise<Shown> {
  const runId = run as RunId;
  const terminal = { rows: 24, columns: 80 };
  await agent.call('start', { run: { mode: 'batch', runId, argv, stdin: 'open', terminal, ...more } });
  const stream = await agent.subscribe(runId, options);
  let offset = 0;
  return {
    ...stream,
    run: runId,
    type: async (text, end = false) => {
      const data = Buffer.from(text);
      await agent.call('input', { run: runId, offset, data: data.toString('base64'), end });
      offset += data.length;
    },
    shows: (pattern) => stream.until(() => pattern.exec(stream.text()) ?? undefined),
    finished: stream.ended.then(() => stream.records.at(-1) as RunRecord & { type: 'finished' }),
  };
}

const shell = (script: string): string[] => ['sh', '-c', script];

describe('a terminal', () => {
  it('is the terminal of its program: of the size, owner and kind that it should be', async () => {
    await begin();
    const screen = await open(
      'r',
      shell(
        'stty size; tty; echo "<$TERM>"; stat -c "owner %u %g" $(tty); id -u; id -G; ' +
          'echo err >/dev/stderr; echo out >/dev/stdout; echo tty >/dev/tty; exit 7',
      ),
      { terminal: { rows: 33, columns: 99 } },
    );
    expect(await screen.finished).toMatchObject({ exitCode: 7, signal: null, reason: 'exited' });
    const { uid, gid } = harness!.spec;
    const text = screen.text();
    expect(text).toMatch(/^33 99\r\n\/dev\/pts\/\d+\r\n<xterm-256color>\r\n/);
    expect(text).toContain(`owner ${uid} `);
    expect(text).toContain(`\r\n${uid}\r\n${gid}\r\nerr\r\nout\r\ntty\r\n`);
    expect(screen.records.every(({ type }) => type === 'stdout' || type === 'finished')).toBe(true);
  });

  it('gives its program what any program gets, and nothing of ours', async () => {
    await begin({ spec: { env: { PATH: process.env['PATH']!, NODE_OPTIONS: '--no-such-option' } } });
    const argv = shell('ls /proc/self/fd | tr "\\n" " "; env | sort');
    const screen = await open('r', argv, { env: { TERM: 'vt100' } });
    await agent.call('start', { run: { mode: 'batch', runId: 'plain' as RunId, argv, env: { TERM: 'vt100' } } });
    const plain = await agent.subscribe('plain');
    await Promise.all([screen.ended, plain.ended]);
    expect(plain.text()).toContain('TERM=vt100\n');
    expect(screen.text().replaceAll('\r', '')).toBe(plain.text());
  });

  it('echoes what is typed and hands it over by lines', async () => {
    await begin();
    const screen = await open('r', shell('read a; echo "got $a"; read b; echo "got $b"'));
    await screen.type('one\r');
    await screen.shows(/one\r\ngot one\r\n/);
    await screen.type('twx\x7fo\n');
    expect(await screen.finished).toMatchObject({ exitCode: 0 });
    expect(screen.text()).toBe('one\r\ngot one\r\ntwx\b \bo\r\ngot two\r\n');
  });

  it.each([
    ['after a line', 'line\n', 'line\r\nline\r\n'],
    ['within a line', 'part', 'partpart'],
    ['of nothing', '', ''],
  ])('tells its program the end of input %s', async (_name, typed, shown) => {
    await begin();
    const screen = await open('r', ['cat']);
    await screen.type(typed, true);
    expect(await screen.finished).toMatchObject({ exitCode: 0 });
    expect(screen.text()).toBe(shown);
  });

  it('takes input by offset, once', async () => {
    await begin();
    const screen = await open('r', shell('stty -echo; echo ready; head -n 1'));
    await screen.shows(/ready/);
    const send = (offset: number, text: string) =>
      agent.call('input', { run: screen.run, offset, data: Buffer.from(text).toString('base64'), end: false });
    expect(await send(0, 'abc')).toEqual({ offset: 3 });
    expect(await send(1, 'bcd')).toEqual({ offset: 4 });
    expect(await send(4, '\n')).toEqual({ offset: 5 });
    await screen.ended;
    expect(screen.text()).toBe('ready\r\nabcd\r\n');
  });

  it('takes another size, and its programs hear of it', async () => {
    await begin();
    const script = 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.02; done';
    const screen = await open('r', shell(script));
    await screen.shows(/ready/);
    await agent.call('resize', { run: screen.run, size: { rows: 50, columns: 132 } });
    await screen.ended;
    expect(screen.text()).toBe('ready\r\n50 132\r\n');
    // An end that nobody has heard of yet is no error.
    expect(await agent.call('resize', { run: screen.run, size: { rows: 1, columns: 1 } })).toEqual({});
  });

  it.each([
    ['by the key', (screen: Shown) => screen.type('\x03')],
    ['by the agent', (screen: Shown) => agent.call('signal', { run: screen.run, signal: 'interrupt' })],
  ])('interrupts what is in the foreground, and no more: %s', async (_name, interrupt) => {
    await begin();
    const mark = marked();
    const screen = await open('r', ['bash', '--norc', '-i'], { env: { PS1: '> ' } });
    await screen.type(`sleep ${mark}\r`);
    await waitFor(() => processesWith(`sleep\0${mark}`).length > 0);
    await interrupt(screen);
    await waitFor(() => processesWith(mark).length === 0);
    await screen.type('echo still-$?\r');
    await screen.shows(/still-130\r\n/);
    await screen.type('exit 3\r');
    expect(await screen.finished).toMatchObject({ exitCode: 3 });
  });

  it('has job control', async () => {
    await begin();
    const mark = marked();
    const screen = await open('r', ['bash', '--norc', '-i'], { env: { PS1: '> ' } });
    await screen.type(`sleep ${mark}\r`);
    await waitFor(() => processesWith(`sleep\0${mark}`).length > 0);
    await screen.type('\x1a');
    await screen.shows(/Stopped/);
    await screen.type('kill -9 %1; wait %1; echo gone-$?\r');
    await screen.shows(/gone-1\d\d/);
    await screen.type('exit 5\r');
    expect(await screen.finished).toMatchObject({ exitCode: 5 });
  });

  it.each([
    ['terminate', 'SIGTERM'],
    ['kill', 'SIGKILL'],
  ] as const)('ends by %s', async (signal, name) => {
    await begin();
    const mark = marked();
    const screen = await open('r', ['sleep', mark]);
    await waitFor(() => processesWith(`sleep\0${mark}`).length > 0);
    await agent.call('signal', { run: screen.run, signal });
    expect(await screen.finished).toMatchObject({ signal: name, exitCode: null, reason: 'killed' });
    expect(processesWith(mark)).toEqual([]);
  });

  it('passes bytes on unchanged, and none is lost to a reader that is late', async () => {
    await begin();
    const colours = '\x1b[31mred\x1b[0m \u2713\x07\x00\xff';
    const screen = await open('r', [
      'python3',
      '-c',
      `import os,tty; tty.setraw(1); os.write(1, ${JSON.stringify(colours)}.encode("latin1", "xmlcharrefreplace"))`,
    ]);
    await screen.ended;
    expect(screen.text()).toBe(Buffer.from(colours.replace('\u2713', '&#10003;'), 'latin1').toString());

    const script = 'import os,tty\ntty.setraw(1)\nfor i in range(256): os.write(1, bytes([i]) * 8192)';
    const wanted = createHash('sha256');
    for (let i = 0; i < 256; i++) wanted.update(Buffer.alloc(8192, i));
    const seen = createHash('sha256');
    let bytes = 0;
    const late = await open(
      'late',
      ['python3', '-c', script],
      {},
      {
        window: 1,
        ack: false,
        onRecord: (record) => {
          if (record.type === 'stdout') {
            bytes += record.data.length;
            seen.update(record.data);
          }
          setTimeout(() => late.ack(record.seq), 5);
        },
      },
    );
    await late.ended;
    expect([bytes, seen.digest('hex')]).toEqual([256 * 8192, wanted.digest('hex')]);
  });

  it('blocks its program when nobody reads, and can be interrupted then', async () => {
    await begin({
      spec: {
        retention: {
          memoryBytes: 65536,
          diskBytes: 0,
          headBytes: 1024,
          tailBytes: 1024,
          deliveredBytes: 1024,
          finishedSeconds: 60,
        },
      },
    });
    const screen = await open('r', ['yes'], {}, { window: 1, ack: false });
    await screen.until((records) => records[0]);
    const writer = () => processesWith('yes\0').map((pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]![0]);
    await waitFor(() => writer().every((state) => state === 'S'));
    await screen.type('\x03');
    await waitFor(() => processesWith('yes\0').length === 0);
    for (const { seq } of screen.records) screen.ack(seq);
    let acked = 0;
    const timer = setInterval(() => {
      for (const { seq } of screen.records.slice(acked)) screen.ack(seq);
      acked = screen.records.length;
    }, 5);
    expect(await screen.finished).toMatchObject({ signal: 'SIGINT' });
    clearInterval(timer);
  });

  it.skipIf(!tini)('is not held by what its program left in the background, and leaves nothing of that', async () => {
    await begin();
    const mark = marked();
    const script = `(setsid sh -c "sleep ${mark} & exec sleep ${mark}" &) ; trap "" HUP; sleep ${mark} & sleep 0.2; echo end; exit 3`;
    const screen = await open('r', shell(script));
    expect(await screen.finished).toMatchObject({ exitCode: 3, reason: 'exited' });
    expect(screen.text()).toBe('end\r\n');
    expect(processesWith(mark)).toEqual([]);
  });

  it.each([true, false])('leaves no process when killed, whatever they do (subreaper: %s)', async (subreaper) => {
    await begin({ subreaper });
    const mark = marked();
    const script = `trap "" INT TERM HUP; setsid sh -c "sleep ${mark} & sleep ${mark}" & sleep ${mark}; sleep ${mark}`;
    const screen = await open('r', shell(script));
    await waitFor(() => processesWith(`sleep\0${mark}`).length > 2);
    await agent.call('signal', { run: screen.run, signal: 'kill' });
    expect((await screen.finished).reason).toBe('killed');
    expect(processesWith(mark)).toEqual([]);
    expect(processesWith('--terminal').filter((pid) => isBelow(pid, harness!.pid))).toEqual([]);
  });

  it('ends with the process that holds it, which its user may end', async () => {
    await begin();
    const mark = marked();
    const screen = await open('r', ['sleep', mark]);
    await waitFor(() => processesWith(`sleep\0${mark}`).length > 0);
    const [holder] = processesWith('--terminal').filter((pid) => isBelow(pid, harness!.pid));
    process.kill(holder!, 'SIGKILL');
    expect(await screen.finished).toMatchObject({ signal: 'SIGKILL', reason: 'signal' });
    expect(processesWith(mark).filter(() => tini !== undefined)).toEqual([]);
  });

  it('stands beside another', async () => {
    await begin();
    const screens = await Promise.all(
      ['a', 'b'].map((run, index) => open(run, shell('stty size; tty; cat'), { terminal: { rows: 10 + index, columns: 20 } })),
    );
    await Promise.all(screens.map((screen, index) => screen.type(`typed ${index}\n`)));
    await Promise.all(screens.map((screen, index) => screen.shows(new RegExp(`typed ${index}\r\n[^]*typed ${index}\r\n`))));
    await Promise.all(screens.map((screen) => screen.type('', true)));
    const texts = await Promise.all(screens.map((screen) => screen.ended.then(() => screen.text())));
    expect(texts.map((text) => /^(\d+ 20)\r$/m.exec(text)![1])).toEqual(['10 20', '11 20']);
    expect(new Set(texts.map((text) => /^\/dev\/pts\/\d+\r$/m.exec(text)![0])).size).toBe(2);
  });

  it('comes after a build, which has none', async () => {
    await begin();
    const screen = await open('r', shell('test -t 0 && echo terminal'), { build: 'test -t 0 || echo none' });
    await screen.ended;
    expect(screen.text()).toBe('none\nterminal\r\n');
  });

  it('takes no descriptor and no pair of terminal ends with it', async () => {
    await begin();
    await (
      await open('warm', ['true'])
    ).ended;
    const count = () => readdirSync(`/proc/${harness!.pid}/fd`).length;
    const before = count();
    for (let i = 0; i < 5; i++) await (await open(`r${i}`, ['true'])).ended;
    await waitFor(() => count() <= before);
  });

  it('is refused where there is nothing to make it with', async () => {
    await begin({ terminals: false });
    const screen = await open('r', ['true']);
    expect(await screen.finished).toMatchObject({
      exitCode: 126,
      reason: 'start-failed',
      detail: expect.stringContaining('glibc') as string,
    });
  });

  it('says why its program cannot be started', async () => {
    await begin({ subreaper: false });
    const screen = await open('r', ['sh', 'x'.repeat(200_000)]);
    expect(await screen.finished).toMatchObject({
      exitCode: 126,
      reason: 'start-failed',
      detail: expect.stringContaining('E2BIG') as string,
    });
    const missing = await open('missing', ['no-such-program']);
    expect(await missing.finished).toMatchObject({ exitCode: 127, reason: 'start-failed' });
  });

  it.each([
    ['without rows', { columns: 80 }],
    ['of no width', { rows: 24, columns: 0 }],
    ['that is too large', { rows: 24, columns: 10_001 }],
    ['of text', { rows: '24', columns: 80 }],
  ])('of a size %s is refused', async (_name, size) => {
    await begin();
    await expect(open('r', ['true'], { terminal: size as never })).rejects.toMatchObject({ code: 'bad-request' });
    const screen = await open('ok', ['cat']);
    await expect(agent.call('resize', { run: screen.run, size: size as never })).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('needs input, and a run without one has no size', async () => {
    await begin();
    await expect(open('r', ['true'], { stdin: 'none' })).rejects.toMatchObject({ code: 'bad-request' });
    await agent.call('start', { run: { mode: 'batch', runId: 'plain' as RunId, argv: ['true'] } });
    const size = { rows: 1, columns: 1 };
    await expect(agent.call('resize', { run: 'plain' as RunId, size })).rejects.toMatchObject({ code: 'terminal-missing' });
    await expect(agent.call('resize', { run: 'none' as RunId, size })).rejects.toMatchObject({ code: 'no-such-run' });
  });
});

describe('parseForeground', () => {
  it.each([
    ['4242 (sh) S 1 4242 4242 34816 4300 4194304', 4300],
    ['4242 (a) b (c) S 1 4242 4242 34816 4300 4194304', 4300],
    ['4242 (sh) S 1 4242 4242 0 -1 4194304', undefined],
    ['', undefined],
  ])('%s', (text, group) => {
    expect(parseForeground(text)).toBe(group);
  });
});

/** True when `pid` descends from `ancestor`. */
function isBelow(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === ancestor) return true;
    try {
      at = Number(readFileSync(`/proc/${at}/stat`, 'latin1').split(') ')[1]!.split(' ')[1]);
    } catch {
      return false;
    }
  }
  return false;
}
