import { describe, expect, it } from 'vitest';
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { Flags } from './agent-settings.js';
import { checkAgentSettings, resolveAgentSettings } from './resolve.js';
import type { Environment, Sources } from './sources.js';

const failure = (sources: Partial<Sources>) => {
  try {
    resolveAgentSettings({ flags: {}, env: {}, ...sources });
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
};

const told = (code: string, message: RegExp, fix = /./) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(message) as string,
    fix: expect.stringMatching(fix) as string,
  }) as unknown;

describe('a bad flag', () => {
  it.each<[string, string, RegExp]>([
    ['etcd-addr', 'localhost', /HOST:PORT/],
    ['etcd-addr', ':2379', /host/],
    ['etcd-addr', 'a:0', /1 to 65535/],
    ['etcd-addr', 'a:65536', /1 to 65535/],
    ['etcd-addr', 'a:2379,', /HOST:PORT/],
    ['etcd-addr', 'http://a:2379', /host/],
    ['namespace', 'a/b', /slash/],
    ['namespace', 'a b', /one word/],
    ['instance-id', 'i/1', /slash/],
    ['instance-id', '..', /slash/],
    ['agent-host-override', 'a b', /host name/],
    ['kernel-host-override', 'http://a', /host name/],
    ['agent-bind', 'eth0', /IP address/],
    ['agent-port', '0', /1 to 65535/],
    ['agent-port', '6001x', /1 to 65535/],
    ['agent-port', '-1', /1 to 65535/],
    ['agent-port', '1e3', /1 to 65535/],
    ['stat-port', '65536', /1 to 65535/],
    ['listen', '8081', /HOST:PORT/],
    ['on-stop', 'kill', /leave or terminate/],
    ['idle-timeout', '0', /from 1 up, or never/],
    ['idle-timeout', '1.5', /whole number of seconds/],
    ['exec-timeout', '-1', /whole number of seconds/],
    ['terminal-port-range', '31000-30000', /FIRST-LAST/],
    ['terminal-port-range', '30000', /FIRST-LAST/],
    ['terminal-port-range', '0-10', /FIRST-LAST/],
    ['default-network', 'moon', /none, bridge or host/],
    ['memory-overcommit', '0', /above 0/],
    ['memory-overcommit', 'Infinity', /number/],
    ['limit-cpus', '0', /at least one bit/],
    ['limit-cpus', '0xg', /hexadecimal/],
    ['limit-gpus', '0x', /hexadecimal/],
    ['debug-kernel', '/opt/src', /ai\/backend/],
    ['log-level', 'loud', /debug, info, warn or error/],
    ['log-format', 'xml', /pretty or json/],
    ['log-file-count', '-1', /whole number/],
    ['log-file-size', '0', /above 0/],
  ])('--%s %j', (flag, value, message) => {
    const error = failure({ flags: { [flag]: value } });
    expect(error).toEqual(told('bad-usage', message, /berth help agent/));
    expect((error as Error).message).toContain(`--${flag} is ${JSON.stringify(value)}`);
    expect((error as Error).message).not.toContain('\n');
  });

  it.each([['10.0.0.0/33'], ['10.0.0.0/'], ['10.0.0/8'], ['fe80::1%eth0'], ['::/129'], ['any']])(
    '--manager-allow %s',
    (value) => {
      expect(failure({ flags: { 'manager-allow': [value] } })).toEqual(told('bad-usage', /--manager-allow is .*ranges such as/));
    },
  );

  it('shows no password that stands where none belongs, and not all of a long value', () => {
    const error = failure({ flags: { 'etcd-addr': 'user:hunter2@host:2379' } }) as Error;
    expect(JSON.stringify(error) + error.message).not.toContain('hunter2');
    expect((failure({ flags: { 'agent-port': '9'.repeat(5000) } }) as Error).message.length).toBeLessThan(300);
  });
});

describe('a bad variable', () => {
  it.each<[Environment, RegExp]>([
    [{ BACKEND_AGENT_PORT: 'x' }, /^BACKEND_AGENT_PORT is "x": /],
    [{ BACKEND_DEBUG: 'maybe' }, /^BACKEND_DEBUG is "maybe": it must be true or false/],
    [{ DOCKER_HOST: 'ssh://host' }, /^DOCKER_HOST is "ssh:\/\/host": /],
    [{ AWS_S3_ENDPOINT: 'ftp://host' }, /^AWS_S3_ENDPOINT is "ftp:\/\/host": /],
    [{ AWS_S3_ENDPOINT: 'https://user:hunter2@host' }, /^AWS_S3_ENDPOINT is "[^"]*\*\*\*@host": /],
    [{ RAVEN_URI: 'not a dsn' }, /^RAVEN_URI: it must have the form https:\/\/KEY@HOST\/PROJECT$/],
    [{ SENTRY_DSN: 'https://host/1' }, /^SENTRY_DSN: /],
  ])('%j', (env, message) => {
    expect(failure({ env })).toEqual(told('bad-config', message, /Correct the variable/));
  });
});

describe('a placeholder of a guide', () => {
  it.each<[Flags, Environment, RegExp]>([
    [{ namespace: '{NS}' }, {}, /^--namespace is "\{NS\}": the placeholder \{NS\} was left in it/],
    [{ 'etcd-addr': '{ETCDHOST}:2379' }, {}, /placeholder \{ETCDHOST\}/],
    [{ 'scratch-root': '/data/${HOME}' }, {}, /placeholder/],
    [{ namespace: '{...}' }, {}, /placeholder/],
    [{}, { AWS_SECRET_ACCESS_KEY: '{S3SKEY}' }, /^AWS_SECRET_ACCESS_KEY: a placeholder in braces was left in it/],
    [{}, { RAVEN_URI: '{SENTRYURL}' }, /^RAVEN_URI: a placeholder/],
  ])('%j %j', (flags, env, message) => {
    const error = failure({ flags, env });
    expect(error).toEqual(told(Object.keys(flags).length > 0 ? 'bad-usage' : 'bad-config', message));
  });
});

describe('secrets', () => {
  it.each(SETTING_NAMES.filter((name) => settingOf(name).is.secret))('%s is in no message', (name) => {
    const variable = settingOf(name).from.env![0]!;
    for (const value of ['hun ter2', 'x{hunter}2', 'hunter2']) {
      const problems = checkAgentSettings({ flags: {}, env: { [variable]: value } });
      expect(JSON.stringify(problems) + problems.map(String).join()).not.toMatch(/hun ?ter/);
    }
  });
});

describe('what is wrong together', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  it.each<[string, Flags, Environment, string, RegExp, RegExp]>([
    ['keys without a bucket', {}, keys, 'bad-config', /^AWS_ACCESS_KEY_ID is set, but no bucket/, /AWS_S3_BUCKET/],
    [
      'half a pair of keys',
      {},
      { AWS_ACCESS_KEY_ID: 'a' },
      'bad-config',
      /AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not/,
      /both/,
    ],
    [
      'the other half',
      {},
      { AWS_SECRET_ACCESS_KEY: 'a' },
      'bad-config',
      /AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not/,
      /both/,
    ],
    [
      'a certificate without its key',
      { 'etcd-cert': '/c' },
      {},
      'bad-usage',
      /--etcd-cert is set, but --etcd-key is not/,
      /both/,
    ],
    [
      'a key without its certificate',
      {},
      { BERTH_ETCD_KEY: '/k' },
      'bad-config',
      /BERTH_ETCD_KEY is set, but --etcd-cert is not/,
      /both/,
    ],
    [
      'a user without a password',
      { 'etcd-user': 'u' },
      {},
      'bad-usage',
      /--etcd-user is set, but --etcd-password is not/,
      /both/,
    ],
    ['equal ports', { 'agent-port': '6002' }, {}, 'bad-usage', /--agent-port and --stat-port have the same port 6002/, /own/],
    ['a gateway on the port of RPC', { listen: '127.0.0.1:6001' }, {}, 'bad-usage', /--agent-port and --listen .* 6001/, /own/],
    [
      'a port for terminals and RPC',
      {},
      { BACKEND_AGENT_PORT: '30000' },
      'bad-config',
      /BACKEND_AGENT_PORT and --terminal-port-range meet/,
      /own/,
    ],
  ])('%s', (_what, flags, env, code, message, fix) => {
    expect(failure({ flags, env })).toEqual(told(code, message, fix));
  });
});

describe('a file', () => {
  it.each<[string, string, RegExp]>([
    [
      'unknown key, with a suggestion',
      '[etcd]\nadr = "a:1"',
      /^berth\.toml has an unknown key etcd\.adr\. Did you mean etcd\.addr\?$/,
    ],
    [
      'key of another section',
      '[etcd]\nscratch-root = "/a"',
      /unknown key etcd\.scratch-root\. Did you mean agent\.scratch-root\?$/,
    ],
    ['a key that is nothing like any', '[etcd]\nfrobnicate = 1', /unknown key etcd\.frobnicate\.$/],
    ['an unknown section, with a suggestion', '[etc]\n', /unknown section \[etc\]\. Did you mean etcd\?$/],
    ['a key without its section', 'bucket = "b"', /unknown key bucket\. Did you mean s3\.bucket\?$/],
    ['hostile names', '[__proto__]\naddr = "a:1"', /unknown section \[__proto__\]/],
    ['hostile keys', '[etcd]\n__proto__ = "a:1"', /unknown key etcd\.__proto__/],
    ['a section that is a value', 'etcd = "a:1"', /^etcd in berth\.toml must be a table: \[etcd\]$/],
    [
      'number where text is wanted',
      '[kernel]\nlimit-cpus = 0xff',
      /^kernel\.limit-cpus in berth\.toml: it must be a text, in quotes$/,
    ],
    ['a list where a number is wanted', '[agent]\nport = [1]', /^agent\.port in berth\.toml: it must be a number$/],
    [
      'text where a switch is wanted',
      '[log]\ndebug = "maybe"',
      /^log\.debug in berth\.toml is "maybe": it must be true or false$/,
    ],
    ['a list of other things', '[etcd]\naddr = [1]', /^etcd\.addr in berth\.toml: it must be a text, or a list of texts$/],
    ['images that are no table', 'images = "a"', /^images in berth\.toml: it must be a table$/],
    ['an image with a bad name', '[images]\n"A B" = "c"', /^images in berth\.toml: "A B" must be a name/],
    ['an image without a reference', '[images]\na = 1', /^images in berth\.toml: the value of "a" must be the reference/],
    ['what is no TOML', '[etcd\naddr', /^berth\.toml is no TOML: .*line 1/],
  ])('with %s', (_what, text, message) => {
    const error = failure({ file: { path: 'berth.toml', text } });
    expect(error).toEqual(told('bad-config', message));
    expect((error as Error).message).not.toContain('\n');
  });

  it('that is no TOML is not quoted: it may have secrets', () => {
    const error = failure({ file: { path: 'f', text: '[etcd]\npassword = hunter2 oops' } }) as Error;
    expect(error.message).not.toContain('hunter2');
  });

  it('is told of with everything that is wrong', () => {
    const problems = checkAgentSettings({
      flags: { namespace: 'a/b' },
      env: { BACKEND_AGENT_PORT: 'x' },
      file: { path: 'f', text: '[etcd]\nadr = "a:1"\n[agent]\nport = 0\nstat-port = "y"' },
    });
    expect(problems.map(({ message }) => message.split(' ').slice(0, 2).join(' '))).toEqual([
      'f has',
      '--namespace is',
      'BACKEND_AGENT_PORT is',
      'agent.stat-port in',
    ]);
  });
});
