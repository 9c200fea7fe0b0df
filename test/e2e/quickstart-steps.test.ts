/** The quickstart on poorer machines: each step with those above it made impossible. The same is shown, and nothing is left. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DockerDriver } from '../../packages/agent/src/adapters/docker/index.js';
import { describeWithBubblewrap, isRoot } from '../support/sandbox.js';
import { describeWithDocker } from '../support/services.js';

const PROGRAM = new URL('../../scripts/quickstart.mjs', import.meta.url).pathname;
const NO_DOCKER = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

let temporary: string;
let tools: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'berth-e2e-'));
  // As that of the machine is: without isolation, programs of other users go through.
  chmodSync(temporary, 0o755);
  tools = mkdtempSync(join(tmpdir(), 'berth-e2e-tools-'));
});
afterEach(() => {
  rmSync(temporary, { recursive: true });
  rmSync(tools, { recursive: true });
});

/** Stands in for the distribution's own: nothing is installed for real. */
const aptGet = (script: string) =>
  writeFileSync(join(tools, 'apt-get'), `#!/bin/sh\necho "$@" >>${tools}/asked\n${script}\n`, { mode: 0o755 });

/** Runs it to its end; `interruptAt`: until a line has this, then Ctrl-C. */
async function quickstart(env: NodeJS.ProcessEnv, interruptAt?: string): Promise<{ said: string; code: number | null }> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: {
      PATH: `${tools}:${process.env['PATH']}`,
      HOME: temporary,
      TMPDIR: temporary,
      BERTH_QUICKSTART_BUILT: '1',
      BERTH_QUICKSTART_INPUT: 'some words',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      const before = interruptAt !== undefined && said.includes(interruptAt);
      said += chunk.toString();
      if (!before && interruptAt !== undefined && said.includes(interruptAt)) child.kill('SIGINT');
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { said, code };
}

/** What the programs printed, without times and what differs between versions of Python. */
const story = (said: string) =>
  said
    .slice(said.indexOf('== which Python is this'), said.indexOf('== on what'))
    .split('\n')
    .map((line) => line.replace(/^ +\d+\.\d s \|/, '|'))
    .filter((line) => !/^\| Python \d|^\| [ ~^]+$/.test(line));

/** Files, and processes of ours that know the directory, by command line or environment. */
function expectNothingLeft(): void {
  expect(readdirSync(temporary)).toEqual([]);
  const known = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    return ['cmdline', 'environ'].some((file) => read(`/proc/${pid}/${file}`).includes(temporary));
  });
  expect(known).toEqual([]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** With neither Docker nor bubblewrap. */
const withNothing = (interruptAt?: string) => quickstart({ ...NO_DOCKER, BERTH_BUBBLEWRAP: join(tools, 'bwrap') }, interruptAt);

describe('the last step of the quickstart', () => {
  it('runs the programs without isolation, and says so loudly', { timeout: 30_000 }, async () => {
    aptGet('exit 100');
    const { said, code } = await withNothing();
    expect(code).toBe(0);
    expect(said).toContain('NO ISOLATION. THE PROGRAMS OF THIS DEMO RUN DIRECTLY ON THIS MACHINE');
    expect(said).toMatch(/isolation NONE\n.*driver plain/);
    expect(story(said)).toEqual(
      expect.arrayContaining([
        '| step 6 of 6',
        '| 338350',
        '| SOME WORDS - backwards: sdrow emos',
        '| ZeroDivisionError: division by zero',
      ]),
    );
    if (!isRoot) expect(said).toMatch(/better: a sandbox \(.*install.*bubblewrap/i);
    expectNothingLeft();
  });

  it('leaves nothing when it is stopped half-way', { timeout: 30_000 }, async () => {
    aptGet('exit 100');
    expect(await withNothing('step 2 of 6')).toMatchObject({
      code: 130,
      said: expect.stringContaining('nothing is left') as string,
    });
    expectNothingLeft();
  });
});

describeWithBubblewrap('the quickstart without Docker', () => {
  it('tells the same story in a sandbox', { timeout: 30_000 }, async () => {
    const sandbox = await quickstart(NO_DOCKER);
    expect([sandbox.code, sandbox.said]).toEqual([0, expect.stringMatching(/step 3 of 4: a sandbox[^]*driver sandbox \(ok\)/)]);
    expectNothingLeft();
    aptGet('exit 100');
    expect(story((await withNothing()).said)).toEqual(story(sandbox.said));
  });

  it.runIf(isRoot && existsSync('/etc/debian_version'))(
    'installs bubblewrap from the distribution, which it says first, and leaves nothing else when it is stopped',
    { timeout: 30_000 },
    async () => {
      aptGet(
        `[ "$1" = update ] && exit 0\n[ -e ${tools}/refused ] && exec ln -s /usr/bin/bwrap ${tools}/bwrap\n: >${tools}/refused; exit 100`,
      );
      const { said, code } = await withNothing('step 2 of 6');
      expect(code).toBe(130);
      expect(said).toMatch(/installed now from this distribution: apt-get install bubblewrap[^]*== install bubblewrap/);
      expect(said).toContain('step 3 of 4: a sandbox');
      const install = 'install --yes --no-install-recommends bubblewrap';
      expect(read(join(tools, 'asked')).trim().split('\n')).toEqual([install, 'update', install]);
      expectNothingLeft();
    },
  );

  it.skipIf(isRoot)('tells an ordinary user the command, and goes on', { timeout: 30_000 }, async () => {
    aptGet('exit 100');
    const { said } = await withNothing('step 2 of 6');
    expect(said).toContain('NO ISOLATION');
    expect(existsSync(join(tools, 'asked'))).toBe(false);
  });
});

describeWithDocker('the quickstart with Docker, but no image of Python', (docker) => {
  // Before, since what is there before it is not taken away: others use it just now.
  beforeAll(() => new DockerDriver({ socketPath: docker.socketPath }).resolveImage('host'));

  it('tells the story in the image host, and says what would be better', { timeout: 60_000 }, async () => {
    const { said, code } = await quickstart({ DOCKER_HOST: `unix://${docker.socketPath}`, BERTH_DRIVER: 'docker' });
    expect([code, said]).toEqual([
      0,
      expect.stringMatching(/step 2 of 4[^]*better: an image[^]*driver docker \(ok\)\n +image host,/),
    ]);
    expect(story(said)).toContain('| SOME WORDS - backwards: sdrow emos');
    expectNothingLeft();
    expect(await mountsOfContainers(docker.socketPath)).not.toContain(temporary);
  });
});

function mountsOfContainers(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/v1.41/containers/json?all=1' }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    asking.on('error', reject).end();
  });
}
