/** Code in sandboxes: languages, ends, limits. As root with all limits, as an ordinary user within those that the kernel grants. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelId } from '@berth/wire';
import { batch, createKernel, python, query, run, shell, type TestAgent } from '../support/agent.js';
import { describeWithBubblewrap, isRoot, startSandboxAgent } from '../support/sandbox.js';

/** A root file system with a shell and its libraries, and without any place to mount something. */
async function shellAlone(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'berth-rootfs-'));
  await chmod(root, 0o755);
  const libraries = execFileSync('ldd', ['/bin/sh'], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const path of ['/bin/sh', ...libraries]) {
    await mkdir(join(root, dirname(path)), { recursive: true, mode: 0o755 });
    await copyFile(path, join(root, path));
  }
  return root;
}

describeWithBubblewrap('in a sandbox', () => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startSandboxAgent();
    kernel = await createKernel(node.service, { image: 'host', memoryBytes: 256 * 1024 * 1024, pids: 64 });
  }, 60_000);
  afterAll(() => node.stop());

  const output = async (wish: Parameters<typeof run>[2]) => (await run(node.service, kernel, wish)).stdout;

  it('programs run, and their exit codes are told', async () => {
    expect(await output(shell('echo $((6 * 7))'))).toBe('42\n');
    const { finished } = await run(node.service, kernel, batch('sh', '-c', 'exit 7'));
    expect(finished).toMatchObject({ exitCode: 7, reason: 'exited' });
  });

  it('a program that does not exist is told by its name', async () => {
    expect((await run(node.service, kernel, batch('no-such-program'))).finished).toMatchObject({ reason: 'start-failed' });
  });

  it.each(['python', 'node', 'bash'] as const)('%s keeps its variables from one run to the next', async (language) => {
    const [set, get] = { python: ['x = 41', 'x + 1'], node: ['let x = 41', 'x + 1'], bash: ['x=41', 'echo $((x + 1))'] }[
      language
    ] as [string, string];
    await run(node.service, kernel, query(set, language));
    expect(await output(query(get, language))).toBe('42\n');
  });

  it('runs share /home/work and /tmp', async () => {
    await output(shell('echo kept > file; echo kept > /tmp/file'));
    expect(await output(python("print(open('/home/work/file').read() + open('/tmp/file').read(), end='')"))).toBe('kept\nkept\n');
  });

  it('standard streams can be opened by name', async () => {
    const { stdout, stderr } = await run(node.service, kernel, shell('echo out >/dev/stdout; echo err >/dev/stderr'));
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
  });

  it('variables of the request reach the program, also odd ones', async () => {
    const wish = { ...shell('printf %s "$A"'), env: { A: 'a = "b"\n$c', LD_PRELOAD: '/home/work/none.so' } };
    expect((await run(node.service, kernel, wish)).stdout).toBe('a = "b"\n$c');
  });

  it('a working directory below /home/work is entered', async () => {
    await output(shell('mkdir -p deep/er'));
    expect(await output({ mode: 'batch', argv: ['pwd'], cwd: 'deep/er' })).toBe('/home/work/deep/er\n');
  });

  it.runIf(isRoot)('memory ends a run as oom, and not the session', async () => {
    const hog = python('x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1');
    expect((await run(node.service, kernel, hog)).finished.reason).toBe('oom');
    expect(await output(python('print("alive")'))).toBe('alive\n');
  });

  it.skipIf(isRoot)('a process gets no more memory than the session may have', async () => {
    const { stderr, finished } = await run(node.service, kernel, python('x = bytearray(1 << 30)'));
    expect(finished.exitCode).toBe(1);
    expect(stderr).toContain('MemoryError');
  });

  it('processes without end are stopped by the limit, and none is left', async () => {
    const bomb = python('import os, time\nwhile True:\n  if os.fork() == 0: time.sleep(1000)');
    const { finished } = await run(node.service, kernel, bomb);
    expect(finished.exitCode).not.toBe(0);
    if (isRoot) expect(finished.reason).toBe('pids-limit');
    expect(await output(python('print("alive")'))).toBe('alive\n');
  }, 30_000);

  it('has a limited /tmp', async () => {
    const fill = python("f = open('/tmp/big', 'wb')\nwhile True: f.write(bytes(1 << 20))");
    const { finished } = await run(node.service, kernel, fill);
    expect(['disk-full', 'oom']).toContain(finished.reason);
    await output(shell('rm /tmp/big'));
  }, 30_000);

  it('a network is refused that there is none of', async () => {
    await expect(createKernel(node.service, { image: 'host', network: 'bridge' })).rejects.toMatchObject({
      code: 'create-failed',
      message: expect.stringContaining('bridge') as string,
    });
  });

  it('runs in an unpacked root file system, into which nothing is written', async () => {
    const root = await shellAlone();
    const before = readdirSync(root, { recursive: true }).sort();
    const other = await createKernel(node.service, { image: root });
    const outcome = await run(node.service, other, shell('echo $((6 * 7)); cd /; echo *; : > /x'));
    expect(outcome.stderr).toContain('Read-only file system');
    expect(outcome.stdout).toBe('42\nberth bin dev etc home lib lib64 opt proc run sys tmp var\n');
    expect(outcome.finished.exitCode).not.toBe(0);
    await node.service.destroyKernel(other, { graceMs: 0 });
    expect(readdirSync(root, { recursive: true }).sort()).toEqual(before);
    await rm(root, { recursive: true });
  });

  it('comes back with the agent, with its variables', async () => {
    await run(node.service, kernel, query('z = 41'));
    await node.restart();
    expect(await output(query('z + 1'))).toBe('42\n');
  }, 30_000);
});
