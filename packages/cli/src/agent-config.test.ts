/** `berth agent` and `berth config`, as programs: what they refuse and how, and what they show. */
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../testing/cli-world.js';

/** Whatever the machine has set, which must not count here; empty is unset. */
const CLEAN = {
  ...{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_REGION: '', AWS_S3_BUCKET: '', AWS_S3_ENDPOINT: '' },
  ...{ BACKEND_ETCD_ADDR: '', BACKEND_NAMESPACE: '', BERTH_CONFIG: '', DOCKER_HOST: '', RAVEN_URI: '', SENTRY_DSN: '' },
};

let world: CliWorld;
beforeEach(async () => {
  world = await CliWorld.make();
});
afterEach(() => world.stop());

const run = (args: readonly string[], env: Record<string, string> = {}) => world.run(args, '', { ...CLEAN, ...env });

describe('what is refused is one line and a code', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIAHUNTER', AWS_SECRET_ACCESS_KEY: 'hunter2' };
  const cases: [string, string[], Record<string, string>, number, RegExp][] = [
    ['a bad address', ['--etcd-addr', 'localhost'], {}, 64, /--etcd-addr is "localhost": .*HOST:PORT/],
    ['an unknown flag', ['--etcd-adr', 'a:1'], {}, 64, /no option --etcd-adr\. Did you mean --etcd-addr\?/],
    ['a placeholder', ['--namespace', '{NS}'], {}, 64, /--namespace is "\{NS\}": the placeholder/],
    ['a placeholder in a secret', [], { ...keys, AWS_SECRET_ACCESS_KEY: '{S3SKEY}' }, 78, /AWS_SECRET_ACCESS_KEY: a placeholder/],
    ['keys without a bucket', [], keys, 78, /AWS_ACCESS_KEY_ID is set, but no bucket.*AWS_S3_BUCKET/],
    ['an unknown key', ['-f', 'bad.toml'], {}, 78, /bad\.toml has an unknown key etcd\.adr\. Did you mean etcd\.addr\?/],
    ['a missing file', ['-f', 'none.toml'], {}, 66, /none\.toml does not exist/],
    ['a word', ['extra'], {}, 64, /takes no words/],
  ];

  it.each(cases)('by agent: %s', async (_what, args, env, code, message) => {
    await writeFile(join(world.dataDir, 'bad.toml'), '[etcd]\nadr = "a:1"\n');
    const ended = await run(['agent', ...args], env);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).toMatch(/^berth: [^\n]*\n$/);
    expect(ended.stderr).not.toMatch(/hunter/i);
    expect(await readdir(world.dataDir)).toEqual(['bad.toml']);
  });

  it.each(cases.slice(0, -1))('by config validate: %s', async (_what, args, env, code, message) => {
    await writeFile(join(world.dataDir, 'bad.toml'), '[etcd]\nadr = "a:1"\n');
    const ended = await run(['config', 'validate', ...args], env);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });

  it('and a line for each by validate, where there are more', async () => {
    const { code, stderr } = await run(['config', 'validate', '--namespace', 'a/b', '--agent-port', '0']);
    expect(code).toBe(64);
    expect(stderr.split('\n')).toEqual([expect.stringMatching(/--namespace/), expect.stringMatching(/--agent-port/), '']);
  });
});

describe('berth config', () => {
  it('init writes a file that validates, and is never overwritten', async () => {
    expect(await run(['config', 'init'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('berth.toml') as string,
      stderr: '',
    });
    const path = join(world.dataDir, 'berth.toml');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await run(['config', 'validate', '-f', 'berth.toml'])).toMatchObject({ code: 0, stdout: 'berth.toml: valid\n' });
    const before = await readFile(path, 'utf8');
    expect(await run(['config', 'init'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/berth\.toml exists/) as string,
    });
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await run(['config', 'init', '-f', 'other.toml', '-o', 'json'])).toMatchObject({
      code: 0,
      stdout: '{"file":"other.toml"}\n',
    });
  });

  it('show prints values and, when asked, where they come from; secrets are hidden', async () => {
    await writeFile(
      join(world.dataDir, 'a.toml'),
      '[etcd]\nuser = "u"\npassword = "hunter2"\n[agent]\nport = 7001\n[images]\n"python:3" = "py:1"\n',
    );
    const args = ['config', 'show', '-f', 'a.toml', '--scratch-root', '/s', '--debug'];
    const env = { BACKEND_NAMESPACE: 'example.com', AWS_S3_BUCKET: '' };
    const plain = await run(args, env);
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toMatch(/^etcd\.namespace +example\.com$/m);
    const { stdout } = await run([...args, '--origin'], env);
    for (const line of [
      /^SETTING +VALUE +ORIGIN$/m,
      /^etcd\.addr +127\.0\.0\.1:2379 +default$/m,
      /^etcd\.namespace +example\.com +BACKEND_NAMESPACE$/m,
      /^etcd\.password +\*{8} +etcd\.password in a\.toml$/m,
      /^agent\.port +7001 +agent\.port in a\.toml$/m,
      /^agent\.scratch-root +\/s +--scratch-root$/m,
      /^images +python:3 = py:1 +images in a\.toml$/m,
      /^log\.debug +true +--debug$/m,
      /^s3\.bucket +default$/m,
    ])
      expect(stdout).toMatch(line);
    const json = await run([...args, '-o', 'json'], env);
    const { settings } = JSON.parse(json.stdout) as { settings: { name: string }[] };
    expect(settings.find(({ name }) => name === 'agent.port')).toEqual({
      name: 'agent.port',
      value: 7001,
      origin: { source: 'file', name: 'agent.port in a.toml' },
    });
    for (const text of [plain.stdout, stdout, json.stdout]) expect(text).not.toContain('hunter2');
  });

  it('validate warns of what is allowed but unwise', async () => {
    const path = join(world.dataDir, 'a.toml');
    await writeFile(path, '[etcd]\nuser = "u"\npassword = "hunter2"\n');
    await chmod(path, 0o644);
    const { code, stderr } = await run(['config', 'validate', '-f', 'a.toml', '--agent-bind', '127.0.0.1']);
    expect(code).toBe(0);
    expect(stderr).toBe('berth: warning: a.toml has secrets and others may read it: chmod 600 a.toml\n');
  });

  it('knows no other verbs', async () => {
    expect(await run(['config', 'shw'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/Did you mean show\?/) as string,
    });
    expect(await run(['config'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/one of show, validate, init/) as string,
    });
  });
});

describe('berth help', () => {
  it('has every flag of an agent with its variable', async () => {
    const { code, stdout } = await run(['help', 'agent']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--etcd-addr HOST:PORT .*BACKEND_ETCD_ADDR, default 127\.0\.0\.1:2379/);
    expect(stdout).toMatch(/-f, --config FILE/);
    expect(stdout).toMatch(/-v, --verbose .*BACKEND_VERBOSE/);
    const { commands } = JSON.parse((await run(['help', 'agent', '-o', 'json'])).stdout) as { commands: [{ options: object }] };
    expect(Object.keys(commands[0].options)).toContain('manager-allow');
  });
});
