/** What an image sets does not reach the runner, and the kernel's directory is closed to others. What code can reach is in escapes.test.ts. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKernel, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

describeWithDocker('a container', (docker) => {
  let node: TestAgent;
  beforeAll(async () => {
    node = await startTestAgent(docker);
  }, 60_000);
  afterAll(() => node.stop());

  it.skipIf(process.getuid?.() !== 0)('has nothing of the image settings in the environment of the runner', async () => {
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

  it('leaves the scratch directory of the kernel closed to other users of the machine', async () => {
    const kernel = await createKernel(node.service, { image: docker.images.debian });
    expect(statSync(join(node.directory, 'scratch', kernel)).mode & 0o077).toBe(0);
    await node.service.destroyKernel(kernel, { graceMs: 0 });
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
