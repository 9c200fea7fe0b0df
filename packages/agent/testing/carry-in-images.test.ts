/** The carried Node in images that have none, and that would like to change how it starts. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { carryCommand, collectCarries, ensureCarry, hostsFile, type Carry } from '@berth/carry';
import { sleep } from '@berth/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithDocker } from '../../../test/support/services.js';
import { DockerDriver } from '../src/adapters/docker/index.js';
import type { Mount } from '../src/ports/driver.js';
import { freshLabels, smallPlan } from './driver-fixture.js';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** Stands in for the runner. */
const REPORTER = `
import { readFileSync, writeFileSync } from 'node:fs';
const maps = readFileSync('/proc/self/maps', 'utf8').match(/\\/\\S+/g).map(String);
writeFileSync('/berth/run/report', JSON.stringify({
  version: process.version, uid: process.getuid(), directory: process.cwd(), argv: process.argv.slice(2),
  environment: Object.keys(process.env), execArgv: process.execArgv,
  hosts: readFileSync('/etc/hosts', 'utf8'),
  foreign: [...new Set(maps)].filter((path) => !path.startsWith('/opt/berth/')),
}));
`;

interface Report {
  readonly version: string;
  readonly uid: number;
  readonly directory: string;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly hosts: string;
  /** Files in the process that are not of the carry. */
  readonly foreign: readonly string[];
}

describeWithDocker('the carry', ({ socketPath, images }) => {
  const driver = new DockerDriver({ socketPath });
  let root: string;
  let carry: Carry;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-carry-'));
    await mkdir(join(root, 'repl'));
    await writeFile(join(root, 'runner.mjs'), REPORTER);
    const cacheDir = join(root, 'cache');
    carry = await ensureCarry({ cacheDir, runnerBundle: join(root, 'runner.mjs'), replDirectory: join(root, 'repl') });
  });

  afterAll(async () => {
    // Its directories are read-only, which only the collection knows to undo.
    await collectCarries(join(root, 'cache'), new Set(), { graceMs: -HOUR_MS });
    await rm(root, { recursive: true, force: true });
  });

  /** Runs the carry in an image, and what it reported. */
  async function reportFrom(reference: string, more: readonly Mount[] = []): Promise<Report> {
    const image = await driver.resolveImage(reference);
    const labels = freshLabels();
    const run = await mkdtemp(join(root, 'run-'));
    const { containerId } = await driver.create({
      ...smallPlan(labels, image.imageId, carryCommand(carry, labels.kernelId, 1)),
      mounts: [
        ...image.mounts,
        ...more,
        { source: carry.path, target: '/opt/berth', readOnly: true },
        { source: hostsFile(carry), target: '/etc/hosts', readOnly: true },
        { source: run, target: '/berth/run', readOnly: false },
      ],
      tmpfs: [{ target: '/berth', sizeBytes: MIB, mode: 0o700 }],
    });
    try {
      await driver.start(containerId);
      for (;;) {
        const seen = await driver.inspect(containerId);
        if (seen?.state === 'exited') break;
        await sleep(10);
      }
      return JSON.parse(await readFile(join(run, 'report'), 'utf8')) as Report;
    } finally {
      await driver.remove(containerId);
    }
  }

  it.each([...Object.entries(images), ['host', 'host']])('runs in the image %s as everywhere', async (_, reference) => {
    const report = await reportFrom(reference);
    expect(report).toMatchObject({ version: process.version, uid: 0, directory: '/' });
    expect(report.argv).toEqual(['--kernel', expect.any(String), '--incarnation', '1']);
    expect(report.environment.filter((name) => !['HOME', 'HOSTNAME', 'PATH'].includes(name))).toEqual([]);
    expect(report.foreign).toEqual([]);
    expect(report.hosts).toContain('127.0.0.1 localhost');
  });

  it('loads no library that the image preloads for all programs', async () => {
    const source = join(root, 'ld.so.preload');
    const library = '/usr/lib/x86_64-linux-gnu/libpthread.so.0';
    await writeFile(source, `${library}\n`);
    const report = await reportFrom(images.debian, [{ source, target: '/etc/ld.so.preload', readOnly: true }]);
    expect(report.foreign).toEqual([]);
  });
});
