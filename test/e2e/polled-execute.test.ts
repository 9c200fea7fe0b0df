/** Polled execute of the 1.4 dialect on a real kernel: what a manager's calls get, also over the end of an agent. */
import { completeKernelSpec, type KernelId, type KernelSpec, type SessionId } from '@berth/wire';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completions } from '../../packages/agent/src/manager-link/v1_4/completions.js';
import { Executor, type ExecuteCall } from '../../packages/agent/src/manager-link/v1_4/execute/executor.js';
import { KernelFiles } from '../../packages/agent/src/manager-link/v1_4/files.js';
import { readLogs } from '../../packages/agent/src/manager-link/v1_4/logs.js';
import { toAnnotations } from '../../packages/agent/src/manager-link/v1_4/notes.js';
import { startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

describeWithDocker('polled execute', (docker) => {
  let agent: TestAgent;
  let executor: Executor;
  let kernel: KernelId;
  const unknown: string[] = [];

  const newExecutor = () =>
    new Executor({
      service: agent.service,
      unknownKernel: (id) => unknown.push(id),
      scanOutput: (id) => agent.agent.scanOutput(id),
      execTimeout: (id) => void agent.service.destroyKernel(id, { graceMs: 0, reason: 'exec-timeout' }).catch(() => {}),
    });
  const make = async (lang = 'python:3.6-debian', execTimeoutSeconds = 0, spec: Partial<KernelSpec> = {}) => {
    const kernelId = randomUUID() as string as KernelId;
    const notes = { lang, execTimeoutSeconds, shares: { cpu: '1', mem: '1', gpu: '0' }, terminal: null };
    const whole = completeKernelSpec({ image: docker.images.debian, annotations: toAnnotations(notes), ...spec });
    await agent.service.createKernel({ kernelId, sessionId: kernelId as string as SessionId, spec: whole });
    return kernelId;
  };
  const ask = (call: Partial<ExecuteCall>) =>
    executor.execute({ apiVersion: 2, kernelId: kernel, runId: 'r', mode: 'continue', code: '', opts: null, ...call });
  /** A call whose reply arrives. */
  const call = async (what: Partial<ExecuteCall>) => {
    const { result, delivered } = await ask(what);
    delivered(true);
    if (result === null || !('console' in result)) throw new Error('no console');
    const text = (type: string) => result.console.map(([t, data]) => (t === type ? (data as string) : '')).join('');
    return { ...result, out: text('stdout'), err: text('stderr') };
  };
  /** All that a run gives, from `first` to its end. */
  const toEnd = async (first: Partial<ExecuteCall>, between: () => Promise<void> = async () => {}) => {
    const statuses: string[] = [];
    let out = '';
    for (let next = first; ; next = { runId: first.runId ?? 'r' }) {
      const result = await call(next);
      statuses.push(result.status);
      out += result.out;
      if (result.status === 'finished' || result.status === 'exec-timeout') return { ...result, out, statuses };
      await between();
    }
  };

  beforeAll(async () => {
    agent = await startTestAgent(docker);
    executor = newExecutor();
    kernel = await make();
  }, 60_000);
  afterAll(async () => {
    await executor?.stop();
    await agent?.stop();
  });

  it('gives the value of an expression, and keeps variables', async () => {
    expect(await call({ runId: 'a1', mode: 'query', code: 'x = 41' })).toMatchObject({ status: 'finished', exitCode: 0 });
    expect(await call({ runId: 'a2', mode: 'query', code: 'x + 1' })).toMatchObject({
      runId: 'a2',
      status: 'finished',
      exitCode: 0,
      options: null,
      files: [],
      console: [['stdout', '42\n']],
    });
    const { result } = await ask({ apiVersion: 1, runId: 'a3', mode: 'query', code: 'x' });
    expect(result).toMatchObject({ status: 'finished', stdout: '41\n', stderr: '', media: [], html: [] });
  });

  it('gives a long run in pieces of two seconds, over several lives of the agent, each line once', async () => {
    const code = 'import time\nfor i in range(70): print(i, flush=True); time.sleep(0.1)';
    let lives = 0;
    const { out, statuses, exitCode } = await toEnd({ runId: 'long', mode: 'query', code }, async () => {
      if (lives++ === 3) return;
      await executor.stop();
      await agent.restart();
      executor = newExecutor();
    });
    expect(out).toBe(Array.from({ length: 70 }, (_, i) => `${i}\n`).join(''));
    expect(exitCode).toBe(0);
    expect(statuses.filter((status) => status === 'continued').length).toBeGreaterThanOrEqual(3);
  }, 60_000);

  it('tells a reply again that nobody got', async () => {
    const { result, delivered } = await ask({ runId: 'lost', mode: 'query', code: 'print("one"); print("two")' });
    expect(result).toMatchObject({ status: 'finished', console: [['stdout', 'one\ntwo\n']] });
    delivered(false);
    await executor.stop();
    executor = newExecutor();
    expect(await call({ runId: 'lost' })).toMatchObject({ status: 'finished', exitCode: 0, out: 'one\ntwo\n' });
    expect(await call({ runId: 'lost' })).toMatchObject({ status: 'finished', exitCode: 0, out: '' });
  });

  it('gives all of a large output, at most 524,288 characters at a time', async () => {
    const code = 'import sys\nfor i in range(400000): sys.stdout.write("%07d é\\n" % i)';
    const sizes: number[] = [];
    let out = '';
    for (let next: Partial<ExecuteCall> = { runId: 'big', mode: 'query', code }; ; next = { runId: 'big' }) {
      const result = await call(next);
      sizes.push(result.out.length);
      out += result.out;
      if (result.status === 'finished') break;
    }
    expect(out === Array.from({ length: 400_000 }, (_, i) => `${String(i).padStart(7, '0')} é\n`).join('')).toBe(true);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(524_288);
    expect(sizes.length).toBeLessThan(40);
  }, 60_000);

  it('asks for input and takes each piece once, also in another life', async () => {
    const asked = await call({
      runId: 'in',
      mode: 'query',
      code: 'n = input("name? "); import getpass; p = getpass.getpass("pw: "); print(n, p)',
    });
    expect(asked).toMatchObject({ status: 'waiting-input', options: {}, out: 'name? ' });
    expect(await call({ runId: 'in', mode: 'input', code: 'Ada' })).toMatchObject({
      status: 'waiting-input',
      options: { is_password: true },
      out: 'pw: ',
    });
    await executor.stop();
    executor = newExecutor();
    expect(await call({ runId: 'in', mode: 'input', code: 'secret' })).toMatchObject({ status: 'finished', out: 'Ada secret\n' });
  });

  it('keeps a second run waiting until the first has finished', async () => {
    expect(await call({ runId: 'q1', mode: 'query', code: 'import time; time.sleep(3); y = "first"' })).toMatchObject({
      status: 'continued',
    });
    const second = call({ runId: 'q2', mode: 'batch', opts: { exec: 'echo second' } });
    expect(await toEnd({ runId: 'q1' })).toMatchObject({ exitCode: 0 });
    const { status, out } = await second;
    const rest = status === 'finished' ? { out: '' } : await toEnd({ runId: 'q2' });
    expect(out + rest.out).toBe('second\n');
  });

  it('passes a batch through its build; a failed one is the end of it', async () => {
    expect(await toEnd({ runId: 'b1', mode: 'batch', opts: { build: 'echo hi; exit 3', exec: 'echo never' } })).toMatchObject({
      statuses: ['build-finished', 'finished'],
      out: 'hi\n',
      exitCode: 127,
    });
    expect(await toEnd({ runId: 'b2', mode: 'batch', opts: { build: null, exec: 'echo $((6 * 7))' } })).toMatchObject({
      statuses: ['build-finished', 'finished'],
      out: '42\n',
      exitCode: 0,
    });
    await new KernelFiles(agent.service).upload(kernel, 'main.py', Buffer.from('print("main")'));
    expect(await toEnd({ runId: 'b3', mode: 'batch', opts: { build: '*', exec: '*' } })).toMatchObject({
      out: 'main\n',
      exitCode: 0,
    });
    expect(await toEnd({ runId: 'b4', mode: 'batch', opts: {} })).toMatchObject({ out: '', exitCode: 0 });
  });

  it('gives -2 for an interrupted sleep', async () => {
    await call({ runId: 'i1', mode: 'batch', opts: { exec: 'exec sleep 100' } });
    await call({ runId: 'i1' });
    await executor.interrupt(kernel);
    expect(await toEnd({ runId: 'i1' })).toMatchObject({ exitCode: -2 });
  });

  it('completes names', async () => {
    await call({ runId: 'c1', mode: 'query', code: 'wonderful = 1' });
    expect(await completions(agent.service, kernel, { text: 'wond', opts: { row: 0, col: 4, line: 'wond', post: '' } })).toEqual({
      status: 'finished',
      completions: ['wonderful'],
    });
  });

  it('tells at the end which files the run has left in .output', async () => {
    const code = (name: string) =>
      `import os; os.makedirs(".output/sub", exist_ok=True); open(".output/sub/${name}", "w").close()`;
    for (const name of ['a', 'b']) {
      const { files } = await call({ runId: `o${name}`, mode: 'query', code: code(name) });
      expect(files).toEqual([{ name: `sub/${name}`, url: '#dummy-upload' }]);
    }
  });

  it('puts, lists and fetches files, and follows no link out', async () => {
    const files = new KernelFiles(agent.service);
    await files.upload(kernel, '/home/work/dir/a b.txt', Buffer.from('content'));
    await toEnd({ runId: 'f1', mode: 'batch', opts: { exec: 'chmod 640 "dir/a b.txt"; ln -s /etc dir/out; mkdir dir/sub' } });
    const listing = await files.list(kernel, 'dir');
    expect(listing).toMatchObject({ errors: '', abspath: '/home/work/dir\n' });
    const items = JSON.parse(listing.files) as { mode: string; filename: string; size: number; mtime: number }[];
    expect(items.map(({ mode, filename }) => [mode.replace(/^(.)rw.*$/, '$1'), filename])).toEqual([
      ['-', 'a b.txt'],
      ['l', 'out'],
      ['d', 'sub'],
    ]);
    expect(items[0]).toMatchObject({ mode: '-rw-r-----', size: 7 });
    expect(Math.abs(items[0]!.mtime - Date.now() / 1000)).toBeLessThan(60);
    const tar = await files.download(kernel, 'dir/a b.txt');
    expect(tar.subarray(0, 7).toString()).toBe('a b.txt');
    expect(tar.subarray(512, 519).toString()).toBe('content');
    await expect(files.download(kernel, 'dir/out/passwd')).rejects.toMatchObject({ type: 'builtins.ValueError' });
    await expect(files.upload(kernel, 'dir/out/x', Buffer.from(''))).rejects.toMatchObject({ type: 'builtins.ValueError' });
    await expect(files.download(kernel, 'none')).rejects.toMatchObject({ type: 'builtins.FileNotFoundError' });
    await toEnd({ runId: 'f2', mode: 'batch', opts: { exec: 'head -c 1100000 /dev/zero > large' } });
    await expect(files.download(kernel, 'large')).rejects.toMatchObject({ args: ['too large file.'] });
    expect(await files.list(kernel, 'none')).toEqual({ files: '', errors: 'No such file or directory' });
  });

  it('reads logs without confirming anything', async () => {
    const { delivered } = await ask({ runId: 'log', mode: 'query', code: 'print("for the log")' });
    expect((await readLogs(agent.service, kernel)).logs).toContain('for the log\n');
    delivered(false);
    expect(await call({ runId: 'log' })).toMatchObject({ out: 'for the log\n' });
  });

  it('ends a kernel whose run takes longer than its image allows, with the true reason', async () => {
    const limited = await make('python:3', 1);
    const { statuses } = await toEnd({ kernelId: limited, runId: 't', mode: 'query', code: 'while True: pass' });
    expect(statuses.at(-1)).toBe('exec-timeout');
    await expect.poll(() => agent.service.getKernel(limited).phase, { timeout: 15_000 }).toBe('terminated');
    expect(agent.service.getKernel(limited).reason).toBe('exec-timeout');
    await expect(ask({ kernelId: limited })).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
    expect(unknown).toEqual([limited]);
  }, 60_000);

  it('answers nil when the kernel ends under a call', async () => {
    const doomed = await make();
    const waiting = ask({ kernelId: doomed, runId: 'd', mode: 'query', code: 'import time; time.sleep(60)' });
    await expect.poll(async () => (await agent.service.listRuns(doomed)).length).toBe(1);
    await agent.service.destroyKernel(doomed, { graceMs: 0 });
    expect((await waiting).result).toBeNull();
  }, 60_000);
});
