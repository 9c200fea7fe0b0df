import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BatchRun, Finished, Language, RunId, RunRecord } from '@berth/wire';
import type { Stream } from '../testing/client.js';
import { marked, processesWith, startRunner, tini, waitFor, type Harness } from '../testing/harness.js';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

const batch = (runId: string, argv: string[], more: Partial<BatchRun> = {}): { run: BatchRun } => ({
  run: { mode: 'batch', runId: runId as RunId, argv, ...more },
});

const query = (runId: string, code: string, language: Language = 'python', more = {}) => ({
  run: { mode: 'query' as const, runId: runId as RunId, language, code, ...more },
});

const finishedOf = async (stream: Stream): Promise<Finished> => {
  await stream.ended;
  return stream.records.at(-1) as RunRecord & { type: 'finished' };
};

describe('a batch', () => {
  it('streams output of programs that open their standard streams, and tells the exit code', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', batch('r1', ['sh', '-c', 'echo out; echo err >/dev/stderr; exit 7']));
    const stream = await agent.subscribe('r1');
    expect(await finishedOf(stream)).toMatchObject({ exitCode: 7, signal: null, reason: 'exited', stateLost: false });
    expect(stream.text('stdout')).toBe('out\n');
    expect(stream.text('stderr')).toBe('err\n');
  });

  it('is told with what it used: output, and CPU time of all that it waited for', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done';
    await agent.call('start', batch('burnt', ['sh', '-c', `printf 12345; (${burn}) & wait`]));
    await agent.call('start', batch('idle', ['sh', '-c', 'sleep 0.3; echo 1 >&2'], { build: 'true' }));
    const [burnt, idle] = [await agent.subscribe('burnt'), await agent.subscribe('idle')];
    const [{ usage: much, wallMs }, { usage: little }] = [await finishedOf(burnt), await finishedOf(idle)];
    expect(much).toMatchObject({ outputBytes: 5, peakMemoryBytes: null });
    expect(much!.cpuMs).toBeGreaterThanOrEqual(50);
    expect(much!.cpuMs).toBeLessThanOrEqual(wallMs + 50);
    expect(little).toMatchObject({ outputBytes: 2 });
    expect(little!.cpuMs).toBeLessThan(50);
  });

  it('starts once, however often it is asked for, and never under the id of another', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const request = batch('once', ['sh', '-c', 'echo x >>count']);
    await Promise.all([1, 2, 3].map(() => agent.call('start', request)));
    await (
      await agent.subscribe('once')
    ).ended;
    expect((await agent.call('start', request)).state).toBe('finished');
    expect(readFileSync(join(harness.work, 'count'), 'utf8')).toBe('x\n');
    await expect(agent.call('start', batch('once', ['true']))).rejects.toMatchObject({ code: 'run-conflict' });
  });

  it('has a clean environment and its own place', async () => {
    harness = await startRunner({ spec: { env: { PATH: process.env['PATH']!, HOME: '/root', KERNEL: 'k' } } });
    const agent = await harness.agent();
    await agent.call('start', batch('env', ['sh', '-c', 'pwd; env'], { env: { RUN: 'r' } }));
    const stream = await agent.subscribe('env');
    await stream.ended;
    const [where, ...lines] = stream.text().trim().split('\n');
    expect(where).toBe(harness.work);
    const names = lines.map((line) => line.split('=')[0]).filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name!));
    expect(names.sort()).toEqual(['HOME', 'KERNEL', 'LANG', 'LOGNAME', 'PATH', 'RUN', 'TERM', 'USER']);
    expect(lines).toContain(`HOME=${harness.work}`);
  });

  it('shows its processes, and each can be signalled by its number; nothing else can', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const [mine, kept] = [marked(), marked()];
    await agent.call('start', query('left', `import subprocess; kept = subprocess.Popen(["sleep", "${kept}"])`));
    await (
      await agent.subscribe('left')
    ).ended;
    await agent.call('start', batch('r', ['sh', '-c', `sleep ${mine}; exit 5`]));
    const list = async () => (await agent.call('processes', {})).processes;
    while (!(await list()).some(({ command }) => command === `sleep ${mine}`));
    const found = await list();
    const { uid } = harness.spec;
    expect(found.find(({ command }) => command === `sleep ${mine}`)).toMatchObject({ runId: 'r', user: uid });
    expect(found.find(({ command }) => command === `sleep ${kept}`)).toMatchObject({ runId: null, user: uid });
    expect(found.find(({ command }) => command.includes('python.py'))!.memoryBytes).toBeGreaterThan(2 ** 20);
    expect(found.filter(({ command }) => /runner\.mjs|bin\/tini/.test(command))).toEqual([]);
    for (const pid of [harness.pid, process.pid, 1])
      await expect(agent.call('signalProcess', { pid, signal: 'SIGKILL' })).rejects.toMatchObject({ code: 'no-such-process' });
    const { pid } = found.find(({ command }) => command === `sleep ${mine}`)!;
    await agent.call('signalProcess', { pid, signal: 'SIGKILL' });
    expect(await finishedOf(await agent.subscribe('r'))).toMatchObject({ exitCode: 5, reason: 'exited' });
    await expect(agent.call('signalProcess', { pid: 1, signal: 'SIGSEGV' as 'SIGINT' })).rejects.toMatchObject({
      code: 'bad-request',
    });
  });

  it.each([
    ['a missing program', ['no-such-program'], {}, 127],
    ['a file that is no program', ['/etc/passwd'], {}, 126],
    ['a directory outside', ['true'], { cwd: '../..' }, 126],
  ])('says why it cannot start %s', async (_name, argv, more, exitCode) => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', batch('r', argv, more));
    expect(await finishedOf(await agent.subscribe('r'))).toMatchObject({ exitCode, reason: 'start-failed' });
  });

  it('takes input by offset, once, and sees its end', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', batch('cat', ['cat'], { stdin: 'open' }));
    const stream = await agent.subscribe('cat');
    const send = (offset: number, text: string, end = false) =>
      agent.call('input', { run: 'cat' as RunId, offset, data: Buffer.from(text).toString('base64'), end });
    expect(await send(0, 'abc')).toEqual({ offset: 3 });
    expect(await send(1, 'bcd')).toEqual({ offset: 4 });
    expect(await send(4, 'e', true)).toEqual({ offset: 5 });
    await stream.ended;
    expect(stream.text()).toBe('abcde');
  });

  it.each([
    ['sleeps', 'exec sleep MARK'],
    ['ignores INT and TERM', 'trap "" INT TERM; sleep MARK; sleep MARK; sleep MARK'],
    ['has left its session', 'setsid sleep MARK & setsid sh -c "sleep MARK & sleep MARK" & wait'],
  ])('leaves no process when killed that %s', async (_name, script) => {
    harness = await startRunner();
    const agent = await harness.agent();
    const mark = marked();
    await agent.call('start', batch('r', ['sh', '-c', script.replaceAll('MARK', mark)]));
    const stream = await agent.subscribe('r');
    await waitFor(() => processesWith(mark).length > 0);
    await agent.call('signal', { run: 'r' as RunId, signal: 'interrupt' });
    if (script.startsWith('trap')) await agent.call('signal', { run: 'r' as RunId, signal: 'terminate' });
    await agent.call('signal', { run: 'r' as RunId, signal: 'kill' });
    expect(['interrupted', 'killed']).toContain((await finishedOf(stream)).reason);
    expect(processesWith(mark)).toEqual([]);
  });

  it.skipIf(!tini)('leaves no process behind that became a daemon', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const mark = marked();
    await agent.call(
      'start',
      batch('r', ['sh', '-c', `(setsid sh -c "sleep ${mark} & exec sleep ${mark}" &) ; sleep 0.2; exit 3`]),
    );
    expect(await finishedOf(await agent.subscribe('r'))).toMatchObject({ exitCode: 3, reason: 'exited' });
    expect(processesWith(mark)).toEqual([]);
  });

  it('ends at its time limit', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', batch('r', ['sleep', '60'], { timeoutMs: 100 }));
    expect(await finishedOf(await agent.subscribe('r'))).toMatchObject({
      reason: 'time-limit',
      signal: 'SIGKILL',
      exitCode: null,
    });
  });

  it('delivers 256 MiB whole, and its FIFOs serve again', async () => {
    harness = await startRunner({ spec: { fifos: 2 } });
    const agent = await harness.agent();
    const script = 'import os\nfor i in range(4096): os.write(1, bytes([i % 251]) * 65536)';
    const wanted = createHash('sha256');
    for (let i = 0; i < 4096; i++) wanted.update(Buffer.alloc(65_536, i % 251));
    const seen = createHash('sha256');
    await agent.call('start', batch('big', ['python3', '-c', script]));
    const stream = await agent.subscribe('big', { onRecord: (record) => record.type === 'stdout' && seen.update(record.data) });
    await stream.ended;
    expect(seen.digest('hex')).toBe(wanted.digest('hex'));
    await agent.call('start', batch('after', ['sh', '-c', 'echo again >/dev/stdout']));
    const after = await agent.subscribe('after');
    await after.ended;
    expect(after.text()).toBe('again\n');
  });

  it('runs beside others', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const runs = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(runs.map((id) => agent.call('start', batch(id, ['sh', '-c', `sleep 0.1; echo ${id}`]))));
    const streams = await Promise.all(runs.map((id) => agent.subscribe(id)));
    await Promise.all(streams.map((stream) => stream.ended));
    expect(streams.map((stream) => stream.text())).toEqual(runs.map((id) => `${id}\n`));
  });
});

describe('the link', () => {
  it('goes on from any record after the connection broke', async () => {
    harness = await startRunner();
    const first = await harness.agent();
    await first.call('start', batch('n', ['sh', '-c', 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.05; done; exit 7']));
    const before = await first.subscribe('n');
    const last = await before.until((records) => records.at(1)?.seq);
    const text = before.records.slice(0, 2);
    await first.close();
    const second = await harness.agent({ epoch: 2 });
    const rest = await second.subscribe('n', { from: last + 1 });
    expect(await finishedOf(rest)).toMatchObject({ exitCode: 7 });
    const all = [...text, ...rest.records].flatMap((record) => (record.type === 'stdout' ? [Buffer.from(record.data)] : []));
    expect(Buffer.concat(all).toString()).toBe('1\n2\n3\n4\n5\n6\n');
  });

  it('sends no more than the window, and goes on when that is confirmed', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', batch('w', ['sh', '-c', 'echo 1; sleep 0.1; echo 2']));
    const stream = await agent.subscribe('w', { window: 1, ack: false });
    const first = await stream.until((records) => records[0]);
    await agent.call('runs', {});
    expect(stream.records).toEqual([first]);
    stream.ack(1);
    stream.ack((await stream.until((records) => records[1])).seq);
    await stream.ended;
  });

  it('hears the newest agent only', async () => {
    harness = await startRunner();
    const old = await harness.agent({ epoch: 5 });
    const newer = await harness.agent({ epoch: 6 });
    await old.closed;
    await expect(harness.agent({ epoch: 5 })).rejects.toThrow('closed');
    expect(await newer.call('runs', {})).toEqual({ runs: [] });
  });

  it('closes a connection with another token, and only that', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await expect(harness.agent({ token: 'b'.repeat(32), epoch: 9 })).rejects.toThrow('closed');
    expect((await agent.hello).claimed).toBe(false);
    expect(await agent.call('runs', {})).toEqual({ runs: [] });
  });

  it.each([
    ['a frame that is too long', Buffer.from('ffffffff00', 'hex')],
    ['a frame that is too short', Buffer.from('0000000100', 'hex')],
    ['a request before the welcome', Buffer.from('0000000f0300000000000000000000000' + '07b7d', 'hex')],
    ['a welcome that is no JSON', Buffer.from('0000000e0200000000000000000000000' + '0ff', 'hex')],
  ])('closes a connection with %s, and only that', async (_name, bytes) => {
    harness = await startRunner();
    const agent = await harness.agent();
    const socket = connect(join(harness.run, 'runner.sock'));
    socket.write(bytes);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await agent.call('runs', {})).toEqual({ runs: [] });
  });

  it.each([
    ['an unknown method', 'nonsense', {}],
    ['a run without id', 'start', { run: { mode: 'batch', argv: ['true'] } }],
    ['a number for a program', 'start', { run: { mode: 'batch', runId: 'x', argv: [1] } }],
    ['channel 0', 'subscribe', { channel: 0, run: 'x', from: 1, window: 1 }],
  ])('refuses %s', async (_name, method, params) => {
    harness = await startRunner();
    const agent = await harness.agent();
    await expect(agent.call(method as 'runs', params)).rejects.toMatchObject({ code: 'bad-request' });
  });
});

describe('the end', () => {
  it('comes by shutdown, with a note, and takes all programs along', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const mark = marked();
    await agent.call('start', batch('r', ['sh', '-c', `trap "" TERM; sleep ${mark}; sleep ${mark}`]));
    await waitFor(() => processesWith(mark).length > 0);
    await agent.call('shutdown', { graceMs: 50 });
    await agent.closed;
    expect(JSON.parse(readFileSync(join(harness.run, 'exit.json'), 'utf8'))).toMatchObject({ reason: 'shutdown' });
    await waitFor(() => processesWith(mark).length === 0);
  });

  it('comes when no agent is there for too long', async () => {
    harness = await startRunner({ spec: { deadManSeconds: 1 } });
    await (await harness.agent()).close();
    // It is there a moment before it is written.
    await waitFor(() => (statSync(join(harness!.run, 'exit.json'), { throwIfNoEntry: false })?.size ?? 0) > 0);
    expect(JSON.parse(readFileSync(join(harness.run, 'exit.json'), 'utf8'))).toMatchObject({ reason: 'dead-man' });
  });
});

describe('a query', () => {
  it('keeps variables, in the order of the starts', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await Promise.all([
      agent.call('start', query('q1', 'import time; time.sleep(0.1); x = 41')),
      agent.call('start', query('q2', 'print(x + 1)')),
    ]);
    const stream = await agent.subscribe('q2');
    expect(await finishedOf(stream)).toMatchObject({ exitCode: 0, reason: 'exited', stateLost: false });
    expect(stream.text()).toBe('42\n');
  });

  it('is told with what it used, and its memory where it raised that of the language', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    const run = async (id: string, code: string) => {
      await agent.call('start', query(id, code));
      return finishedOf(await agent.subscribe(id));
    };
    await run('first', 'pass');
    const { usage: large } = await run('large', 'x = bytearray(100 << 20); x = None; print("é")');
    expect(large!.peakMemoryBytes).toBeGreaterThan(100 << 20);
    expect(large!.outputBytes).toBe(3);
    const { usage: small } = await run(
      'small',
      'import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass',
    );
    expect(small!.peakMemoryBytes).toBeNull();
    expect(small!.cpuMs).toBeGreaterThanOrEqual(180);
    expect(small!.cpuMs).toBeLessThan(400);
    const { usage: died } = await run('died', 'import os; os._exit(3)');
    expect(died!.cpuMs).toBeLessThan(150);
  });

  it('asks for input and gets one line', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', query('q', 'print(input("who? ").upper())'));
    const stream = await agent.subscribe('q');
    const asked = await stream.until((records) => records.find(({ type }) => type === 'waiting-input'));
    expect(asked).toMatchObject({ prompt: 'who? ', password: false });
    const data = Buffer.from('ada\nrest').toString('base64');
    await agent.call('input', { run: 'q' as RunId, offset: 0, data, end: false });
    await stream.ended;
    expect(stream.text()).toBe('ADA\n');
  });

  it.each([
    ['interrupt', 'a loop', '', 'interrupted', false],
    ['kill', 'a loop', '', 'killed', false],
    ['kill', 'a loop deaf to it', 'import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)', 'killed', true],
  ] as const)('ends by %s: %s', async (signal, _name, setup, reason, stateLost) => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', query('set', 'kept = 1'));
    await (
      await agent.subscribe('set')
    ).ended;
    await agent.call('start', query('q', `${setup}\nprint("go", flush=True)\nwhile True: pass`));
    const stream = await agent.subscribe('q');
    await stream.until((records) => records[0]);
    await agent.call('signal', { run: 'q' as RunId, signal });
    expect(await finishedOf(stream)).toMatchObject({ reason, stateLost });
    await agent.call('start', query('after', 'print("kept" in globals())'));
    const after = await agent.subscribe('after');
    await after.ended;
    expect(after.text()).toBe(stateLost ? 'False\n' : 'True\n');
  });

  it('is told apart from a language process that died', async () => {
    harness = await startRunner();
    const agent = await harness.agent();
    await agent.call('start', query('q', 'import os; os._exit(9)'));
    expect(await finishedOf(await agent.subscribe('q'))).toMatchObject({ reason: 'repl-lost', exitCode: 9, stateLost: true });
  });

  it('needs an interpreter in the image', async () => {
    harness = await startRunner({ spec: { env: { PATH: '/nowhere' } } });
    const agent = await harness.agent();
    await expect(agent.call('start', query('q', '1'))).rejects.toMatchObject({ code: 'language-missing' });
  });
});
