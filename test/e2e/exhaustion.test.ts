/** User code that exhausts a resource loses its run, not the session, and the reason given is the true one. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelId } from '@berth/wire';
import { createKernel, python, query, run, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

describeWithDocker('exhausting', (docker) => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startTestAgent(docker);
    kernel = await createKernel(node.service, { image: docker.images.debian, memoryBytes: 192 * 1024 * 1024, pids: 64 });
  }, 60_000);
  afterAll(() => node.stop());

  const alive = async () => expect((await run(node.service, kernel, python('print("alive")'))).stdout).toBe('alive\n');

  it('memory in a batch ends it as oom', async () => {
    const outcome = await run(node.service, kernel, python('x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1'));
    expect(outcome.finished).toMatchObject({ reason: 'oom' });
    await alive();
  });

  it('memory in the language session ends the run as oom and says that variables are lost', async () => {
    await run(node.service, kernel, query('y = 1'));
    const outcome = await run(node.service, kernel, query('x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1'));
    expect(outcome.finished).toMatchObject({ reason: 'oom', stateLost: true });
    expect((await run(node.service, kernel, query('1 + 1'))).stdout).toBe('2\n');
  });

  it('memory many times over never reaches the runner', async () => {
    for (let i = 0; i < 5; i++) {
      const hog = "import os\nfor _ in range(4): os.fork()\nx = b''\nwhile True: x += bytes(10_000_000)";
      expect((await run(node.service, kernel, python(hog))).finished.reason).toBe('oom');
    }
    await alive();
  }, 60_000);

  it('processes ends it as pids-limit, and none is left', async () => {
    const bomb = 'import os, time\nwhile True:\n  if os.fork() == 0: time.sleep(1000)';
    const outcome = await run(node.service, kernel, python(bomb));
    expect(outcome.finished.reason).toBe('pids-limit');
    await alive();
  }, 30_000);

  it('/tmp ends it as disk-full', async () => {
    const fill = "f = open('/tmp/big', 'wb')\nwhile True: f.write(bytes(1 << 20))";
    const outcome = await run(node.service, kernel, { ...python(fill) });
    expect(['disk-full', 'oom']).toContain(outcome.finished.reason);
    await run(node.service, kernel, python("import os; os.remove('/tmp/big')"));
    await alive();
  });
});

/** A scratch root on a small file system of its own, which the runner's spill files share with the user's. */
describeWithDocker('a full scratch disk', (docker) => {
  if (process.getuid?.() !== 0)
    return describe.skip('(needs root, for a file system of its own)', () => void it('is skipped', () => {}));
  let node: TestAgent;
  beforeAll(async () => {
    node = await startTestAgent(docker);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', `${node.directory}/scratch`]);
  }, 60_000);
  afterAll(async () => {
    await node.agent.stop({ terminate: true });
    execFileSync('umount', [`${node.directory}/scratch`]);
  });

  it('loses the run as disk-full, and neither the session nor a byte that was printed', async () => {
    const kernel = await createKernel(node.service, { image: docker.images.debian });
    const fill =
      "import sys\nsys.stdout.write('x' * 1_000_000)\nf = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20)); f.flush()";
    const outcome = await run(node.service, kernel, python(fill));
    expect(outcome.finished.reason).toBe('disk-full');
    expect(outcome.stdout).toHaveLength(1_000_000);
    expect((await run(node.service, kernel, python("import os; os.remove('big'); print('alive')"))).stdout).toBe('alive\n');
  });
});
