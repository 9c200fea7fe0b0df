/** `berth doctor` as a program, where there is no Docker. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../testing/cli-world.js';

let world: CliWorld;
beforeEach(async () => {
  world = await CliWorld.make();
});
afterEach(() => world.stop());

interface Told {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly state: string;
  readonly detail: string;
  readonly fix?: string;
}

const doctor = (...args: string[]) =>
  world.run(['doctor', ...args], '', { DOCKER_HOST: `unix://${join(world.dataDir, 'none.sock')}`, BERTH_DRIVER: 'docker' });

const checksOf = (stdout: string) => (JSON.parse(stdout) as { checks: Told[] }).checks;

describe('berth doctor', () => {
  it('tells with marks and words what it finds, and what to do, and ends with 69', async () => {
    const { code, stdout, stderr } = await doctor('--quick');
    expect({ code, stderr }).toEqual({ code: 69, stderr: '' });
    expect(stdout).toMatch(/^Docker\n {2}✗ FAIL {2}docker\.engine +Docker answers: .*ENOENT.*\n {10}FIX: .*\n/);
    expect(stdout).toMatch(/^This machine\n(.*\n)* {2}✓ ok {4}machine\.node /m);
    expect(stdout).toMatch(/\n\n\d+ ok, \d+ warnings?, 1 failed: not ready\n$/);
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\u001b/);
    expect(await readdir(world.dataDir)).toEqual([]);
  });

  it('tells the same to programs', async () => {
    const { code, stdout } = await doctor('--quick', '-o', 'json');
    expect(code).toBe(69);
    const checks = checksOf(stdout);
    expect(checks[0]).toMatchObject({ id: 'docker.engine', group: 'docker', title: 'Docker answers', state: 'red' });
    for (const { state, detail, fix } of checks) {
      expect(detail).not.toBe('');
      expect(fix !== undefined && fix !== '').toBe(state !== 'green');
    }
  });

  it('ends with 0 where nothing is red, and looks only at what is asked for', async () => {
    const { code, stdout } = await doctor('--only', 'machine.node,images.node', '--only', 'machine.clock', '-o', 'json');
    expect(code).toBe(0);
    expect(checksOf(stdout).map(({ id }) => id)).toEqual(['images.node', 'machine.clock', 'machine.node']);
  });

  it('does not need Docker for a node that does without', async () => {
    const { stdout } = await doctor('--driver', 'sandbox', '--only', 'docker.engine', '-o', 'json');
    expect(checksOf(stdout).map(({ state }) => state)).toEqual(['yellow']);
  });

  it('looks at the cluster once there are settings of an agent', async () => {
    const { code, stdout } = await doctor(
      '--only',
      'cluster',
      '--etcd-addr',
      '127.0.0.1:1',
      '--instance-id',
      'i-x',
      '-o',
      'json',
    );
    expect(code).toBe(69);
    expect(checksOf(stdout).map(({ id, state }) => [id, state])).toEqual([
      ['cluster.etcd', 'red'],
      ['cluster.manager', 'yellow'],
      ['cluster.redis', 'yellow'],
      ['cluster.folders', 'yellow'],
    ]);
  });

  it.each([
    [['--only', 'docker.memori'], 64, /there is no check "docker\.memori"\. Did you mean docker\.memory\?/],
    [['--quick', '--only', 'docker.memory'], 64, /docker\.memory starts sessions/],
    [['--agent-port', 'x'], 64, /--agent-port/],
    [['-f', 'missing.toml'], 66, /missing\.toml does not exist/],
    [['--driver', 'podman'], 64, /--driver is "podman"/],
    [['word'], 64, /takes no words/],
  ])('refuses %j', async (args, code, message) => {
    const ended = await doctor(...args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).toMatch(/^berth: [^\n]*\n$/);
  });
});
