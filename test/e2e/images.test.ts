/** The runner rides into any Linux image: none of these has Node. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { batch, createKernel, python, query, run, shell, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

describeWithDocker('real code runs', (docker) => {
  let node: TestAgent;
  beforeAll(async () => {
    node = await startTestAgent(docker);
  }, 60_000);
  afterAll(() => node.stop());

  async function inImage<T>(image: string, fn: (kernel: Awaited<ReturnType<typeof createKernel>>) => Promise<T>): Promise<T> {
    const kernel = await createKernel(node.service, { image });
    try {
      return await fn(kernel);
    } finally {
      await node.service.destroyKernel(kernel, { graceMs: 0 });
    }
  }

  it('in a Debian image: a batch and a session that keeps its variables', () =>
    inImage(docker.images.debian, async (kernel) => {
      expect((await run(node.service, kernel, python('print(6*7)'))).stdout).toBe('42\n');
      await run(node.service, kernel, query('x = 20'));
      expect((await run(node.service, kernel, query('x + 22'))).stdout).toBe('42\n');
    }));

  it('in a musl image: its own programs', () =>
    inImage(docker.images.musl, async (kernel) => {
      const outcome = await run(node.service, kernel, batch('/bin/hello'));
      expect([outcome.stdout, outcome.finished.exitCode]).toEqual(['hello from musl\n', 0]);
    }));

  it('in an empty image: JavaScript on the carried Node', () =>
    inImage(docker.images.empty, async (kernel) => {
      const outcome = await run(node.service, kernel, { mode: 'batch', interpreter: 'node', argv: ['-e', 'console.log(6*7)'] });
      expect([outcome.stdout, outcome.stderr]).toEqual(['42\n', '']);
    }));

  it("in the built-in image host: the machine's own Python", () =>
    inImage('host', async (kernel) => {
      expect((await run(node.service, kernel, python('import json, ssl; print(6*7)'))).stdout).toBe('42\n');
    }));

  it('in an image with hostile settings, which reach the user but never the runner', () =>
    inImage(docker.images.hostile, async (kernel) => {
      const outcome = await run(node.service, kernel, shell('echo "$NODE_OPTIONS"; pwd; id -u'));
      const [options, cwd, uid] = outcome.stdout.trim().split('\n');
      expect(options).not.toBe('');
      expect(cwd).toBe('/home/work');
      expect(Number(uid)).toBeGreaterThan(0);
    }));

  it('and a program may open its standard streams again, as shell scripts do', () =>
    inImage(docker.images.debian, async (kernel) => {
      const outcome = await run(node.service, kernel, shell('echo out >/dev/stdout; echo err >/dev/stderr'));
      expect([outcome.stdout, outcome.stderr]).toEqual(['out\n', 'err\n']);
    }));
});
