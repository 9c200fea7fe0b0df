/** User code cannot reach the runner: not its socket, its files, its memory, nor by signals; and image settings do not reach it either. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelId } from '@berth/wire';
import { createKernel, python, run, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

/** Finds the runner from inside: the process whose command line names the bundle and that is not ours. */
const FIND = `
import os, socket, signal
def runner():
    for pid in sorted(int(p) for p in os.listdir('/proc') if p.isdigit()):
        try: line = open('/proc/%d/cmdline' % pid, 'rb').read().split(b'\\0')
        except OSError: continue
        if b'/opt/berth/runner.mjs' in line: return pid
def attempt(what, fn):
    try: fn()
    except (OSError, PermissionError) as e: print(what, 'refused')
    else: print(what, 'WORKED')
pid = runner()
print('found', pid is not None)
`;

const ATTEMPTS: [string, string][] = [
  ['list the private directory', "attempt('a', lambda: os.listdir('/berth'))"],
  ['connect to the socket', "s = socket.socket(socket.AF_UNIX)\nattempt('a', lambda: s.connect('/berth/run/runner.sock'))"],
  ['open a spill file or the exit note', "attempt('a', lambda: open('/berth/run/exit.json', 'w'))"],
  ["reach it through the runner's root", "attempt('a', lambda: os.listdir('/proc/%d/root/berth/run' % pid))"],
  ["reach it through the runner's working directory", "attempt('a', lambda: os.listdir('/proc/%d/cwd/' % pid))"],
  ["list the runner's descriptors", "attempt('a', lambda: os.listdir('/proc/%d/fd' % pid))"],
  ["read the runner's memory", "attempt('a', lambda: open('/proc/%d/mem' % pid, 'rb'))"],
  ["read the runner's environment", "attempt('a', lambda: open('/proc/%d/environ' % pid, 'rb').read())"],
  ["change the runner's oom score", "attempt('a', lambda: open('/proc/%d/oom_score_adj' % pid, 'w').write('1000'))"],
  ['kill it', "attempt('a', lambda: os.kill(pid, signal.SIGKILL))"],
  ['stop it', "attempt('a', lambda: os.kill(pid, signal.SIGSTOP))"],
  ['kill its init', "attempt('a', lambda: os.kill(1, signal.SIGKILL))"],
  ['write to the carry', "attempt('a', lambda: open('/opt/berth/runner.mjs', 'a'))"],
  ['become root', "attempt('a', lambda: os.setuid(0))"],
  ['write to the root file system', "attempt('a', lambda: open('/etc/x', 'w'))"],
  [
    'mount something',
    "import ctypes\ndef m():\n  if ctypes.CDLL(None, use_errno=True).mount(b'none', b'/tmp', b'tmpfs', 0, None): raise OSError('no')\nattempt('a', m)",
  ],
];

describeWithDocker('user code', (docker) => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startTestAgent(docker);
    kernel = await createKernel(node.service, { image: docker.images.debian });
  }, 60_000);
  afterAll(() => node.stop());

  for (const [what, code] of ATTEMPTS) {
    it(`cannot ${what}`, async () => {
      const outcome = await run(node.service, kernel, python(FIND + code));
      expect(outcome.stdout.trim().split('\n')).toEqual(['found True', 'a refused']);
    });
  }

  it('runs as a user of its own where the agent is root, else as the user of the agent', async () => {
    const uid = Number((await run(node.service, kernel, python('import os; print(os.getuid())'))).stdout);
    if (process.getuid!() === 0) expect(uid).toBeGreaterThanOrEqual(1_900_000_000);
    else expect(uid).toBe(process.getuid!());
  });

  it('that kills everything it can ends only itself', async () => {
    const outcome = await run(
      node.service,
      kernel,
      python('import os, signal\nos.kill(-1, signal.SIGKILL)\nprint("still here")'),
    );
    expect(outcome.finished.reason).not.toBe('repl-lost');
    expect((await run(node.service, kernel, python('print("alive")'))).stdout).toBe('alive\n');
  });

  it('gets no environment of the agent', async () => {
    process.env['BERTH_TEST_SECRET'] = 'do-not-tell';
    const outcome = await run(node.service, kernel, python('import os; print(dict(os.environ))'));
    delete process.env['BERTH_TEST_SECRET'];
    expect(outcome.stdout).not.toContain('do-not-tell');
  });

  it.skipIf(process.getuid?.() !== 0)('of the image settings nothing is in the environment of the runner', async () => {
    const hostile = await createKernel(node.service, { image: docker.images.hostile });
    const environments = runnerEnvironments();
    await node.service.destroyKernel(hostile, { graceMs: 0 });
    expect(environments.length).toBeGreaterThan(0);
    for (const environment of environments) {
      const set = environment.filter(
        (line) => /^(NODE_|LD_|GLIBC_TUNABLES|OPENSSL_CONF|SSL_CERT_)/.test(line) && !line.endsWith('='),
      );
      expect(set).toEqual([]);
    }
  });

  it('leaves the scratch directory of the kernel closed to other users of the host', () => {
    const scratch = join(node.directory, 'scratch');
    expect(readdirSync(scratch)).toContain(kernel);
    expect(existsSync(join(scratch, kernel, 'run-1', 'runner.sock'))).toBe(true);
  });
});

/** Environments of all runners on this machine, read from the host. */
function runnerEnvironments(): string[][] {
  const found: string[][] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (line.includes('/opt/berth/runner.mjs') && !line[0]!.endsWith('init')) {
        found.push(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'));
      }
    } catch {
      // It ended meanwhile, or is not ours to read.
    }
  }
  return found;
}
