/** The built-in image `host`: the machine's own programs, none of its secrets. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '@berth/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithDocker } from '../../../test/support/services.js';
import { DockerDriver } from '../src/adapters/docker/index.js';
import { freshLabels, smallPlan } from './driver-fixture.js';

const PYTHON = '/usr/bin/python3';

describeWithDocker('the image host', ({ socketPath }) => {
  const driver = new DockerDriver({ socketPath });
  let out: string;

  beforeEach(async () => {
    out = await mkdtemp(join(tmpdir(), 'berth-host-'));
  });

  afterEach(() => rm(out, { recursive: true, force: true }));

  /** Runs Python code as an ordinary user, without network; `report` is opened for it before. */
  async function asOrdinaryUser(code: string): Promise<string> {
    const image = await driver.resolveImage('host');
    const head = 'import os\nreport = open("/home/work/report", "w")\nos.setgroups([]); os.setgid(54321); os.setuid(54321)\n';
    const { containerId } = await driver.create({
      ...smallPlan(freshLabels(), image.imageId, [PYTHON, '-c', head + code]),
      mounts: [...image.mounts, { source: out, target: '/home/work', readOnly: false }],
    });
    try {
      await driver.start(containerId);
      while ((await driver.inspect(containerId))?.state !== 'exited') await sleep(10);
      return await readFile(join(out, 'report'), 'utf8');
    } finally {
      await driver.remove(containerId);
    }
  }

  it.skipIf(!existsSync(PYTHON))('runs the Python of this machine as an ordinary user', async () => {
    const code =
      'import ctypes, json, ssl, subprocess\nprint(os.getuid(), subprocess.check_output(["sh", "-c", "echo $((6 * 7))"], text=True).strip(), file=report)';
    expect(await asOrdinaryUser(code)).toBe('54321 42\n');
  });

  it.skipIf(!existsSync(PYTHON))('shows no accounts, secrets or homes of this machine', async () => {
    const code = `
names = ["/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/machine-id", "/etc/ssl/private", "/var/lib", "/root/.ssh"]
print([name for name in names if os.access(name, os.F_OK)], os.listdir("/home"), len(open("/etc/passwd").readlines()) <= 3, file=report)`;
    expect(await asOrdinaryUser(code)).toBe("[] ['work'] True\n");
  });

  it('is made once, and found by the next agent', async () => {
    const first = await driver.resolveImage('host');
    const second = await new DockerDriver({ socketPath }).resolveImage('host');
    expect(second).toEqual(first);
  });
});
