/** A machine that has no Docker: what `berth run` and `berth up` make of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Berth } from '../support/berth.js';
import { describeWithBubblewrap } from '../support/sandbox.js';
import { describeWithDocker } from '../support/services.js';

const NO_DOCKER = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
const NEITHER = { ...NO_DOCKER, BERTH_BUBBLEWRAP: '/nowhere/bwrap' };
const status = async (berth: Berth) => JSON.parse((await berth.run(['status', '-o', 'json'])).stdout) as object;

describeWithBubblewrap('without Docker, but with bubblewrap', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(undefined);
  });
  afterAll(() => berth.dispose());

  it('berth run prints what the program prints and nothing else', async () => {
    const ended = await berth.run(['run', 'python', '-c', 'print(6*7)'], { env: NO_DOCKER });
    expect(ended).toEqual({ stdout: '42\n', stderr: '', code: 0 });
  }, 30_000);

  it.each([
    ['sys.exit(3)', 'import sys; sys.exit(3)', 3],
    ['an uncaught exception', '1/0', 1],
    ['a signal', 'import os; os.kill(os.getpid(), 15)', 143],
  ])('ends with the exit code of the program: %s', async (_, code, expected) => {
    expect((await berth.run(['run', 'python', '-c', code], { env: NO_DOCKER })).code).toBe(expected);
  });

  it('an image that only Docker could have is refused', async () => {
    const { stderr, code } = await berth.run(['run', '--image', 'debian:12', 'true'], { env: NO_DOCKER });
    expect([stderr, code]).toEqual([expect.stringContaining('sandbox driver has no image'), 69]);
  });

  it('a node says which driver it took, and why', async () => {
    const { stdout } = await berth.run(['status']);
    expect(stdout).toMatch(/^driver +sandbox, as Docker cannot be used: .*ENOENT.*$/m);
  });

  describeWithDocker('which comes later', (docker) => {
    const found = { DOCKER_HOST: `unix://${docker.socketPath}` };
    const again = (...args: string[]) => berth.run(['up', '--detach', '--listen', '127.0.0.1:0', ...args], { env: found });

    it('sessions keep their driver, and their variables', async () => {
      expect((await berth.run(['run', '--keep', '--name', 'lasting', 'true'], { env: NO_DOCKER })).code).toBe(0);
      expect((await berth.run(['exec', 'lasting', '-c', 'x = 41'])).code).toBe(0);
      await berth.run(['down']);
      expect((await again()).stdout).toContain('(sandbox, as the sessions of this data directory were made by it)');
      expect((await berth.run(['exec', 'lasting', '-c', 'x + 1'])).stdout).toBe('42\n');
    }, 30_000);

    it('another one is refused until they have ended', async () => {
      await berth.run(['down']);
      expect(await again('--driver', 'docker')).toMatchObject({
        code: 78,
        stderr: expect.stringMatching(/made by the driver sandbox, not by docker\. Use the driver sandbox until/) as string,
      });
      await again();
      await berth.run(['down', '--terminate']);
      expect((await again()).stdout).toContain('(docker, as Docker answers)');
      expect(await status(berth)).toMatchObject({ driver: 'docker', driverState: 'ok', driverReason: 'Docker answers' });
    }, 30_000);
  });
});

describe('without Docker and without bubblewrap', () => {
  const refused = async (args: string[], code: number, text: RegExp) => {
    const berth = await Berth.create(undefined);
    const ended = await berth.run(args, { env: NEITHER });
    await berth.dispose();
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended).toMatchObject({ stdout: '', code, stderr: expect.stringMatching(text) as string });
  };

  it.each([
    ['berth run', ['run', 'python', '-c', 'print(6*7)']],
    ['berth up', ['up', '--listen', '127.0.0.1:0']],
  ])('%s tells both ways out in one line', async (_, args) => {
    await refused(args, 69, /Either start Docker \(.*\) or set DOCKER_HOST.*; or, to do without Docker, install bubblewrap \(/);
  });

  it('a driver that was asked for tells its own', async () => {
    await refused(['up', '--driver', 'sandbox'], 69, /bubblewrap \(bwrap\) is not installed.*apt-get install bubblewrap/);
  });
});
