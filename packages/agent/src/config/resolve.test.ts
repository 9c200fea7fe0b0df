import { describe, expect, it } from 'vitest';
import { AGENT_SCHEMA, SETTING_NAMES, settingOf } from './agent-schema.js';
import type { Flags, SettingName } from './agent-settings.js';
import { checkAgentSettings, resolveAgentSettings, withEtcd } from './resolve.js';
import type { Environment, Sources } from './sources.js';

/** Three values of each setting that differ from each other and from the default. */
const SAMPLES: Readonly<Record<SettingName, readonly [string, string, string]>> = {
  etcdAddr: ['10.0.0.1:2379', 'etcd.example.com:1,[::1]:2', '::1:2379'],
  namespace: ['a', 'example.com', 'c'],
  etcdUser: ['a', 'b', 'c'],
  etcdPassword: ['a b', 'pa"ss', "it's"],
  etcdCa: ['/a', '/b', '/c'],
  etcdCert: ['/a', '/b', '/c'],
  etcdKey: ['/a', '/b', '/c'],
  instanceId: ['i-1', 'i-2', 'i-3'],
  agentHostOverride: ['10.0.0.1', 'host', '::1'],
  kernelHostOverride: ['10.0.0.1', 'host', '[::1]'],
  agentBind: ['127.0.0.1', '::', '10.0.0.1'],
  agentPort: ['7001', '7002', '7003'],
  statPort: ['7001', '7002', '7003'],
  managerAllow: ['10.0.0.0/8', '10.0.0.1,fd00::/8', '::1'],
  isolation: ['none', 'none', 'none'],
  listen: ['127.0.0.1:8081', '[::1]:0', 'localhost:1'],
  scratchRoot: ['/a', '/b', '/c'],
  stateDir: ['/a', '/b', '/c'],
  region: ['local/a', 'local/b', 'c'],
  onStop: ['terminate', 'terminate', 'terminate'],
  idleTimeoutSeconds: ['1', '2', 'never'],
  execTimeoutSeconds: ['1', '2', '0'],
  terminalPortRange: ['1-2', '40000-40000', '20000-65535'],
  defaultNetwork: ['none', 'host', 'none'],
  memoryOvercommit: ['1', '1.5', '.5'],
  kernelRunner: ['lablup/kernel-*', 'a,b', 'c:1'],
  kernelAliases: ['a', 'b', 'c'],
  limitCpus: ['1', 'ff', '0xF0'],
  limitGpus: ['1', 'ff', '0xF0'],
  debugKernel: ['/a/ai/backend', '/b/ai/backend/', '/ai/backend'],
  debugJail: ['/a', '/b', '/c'],
  debugHook: ['/a', '/b', '/c'],
  debugSkipContainerDeletion: ['true', 'true', 'true'],
  images: ['', '', ''],
  docker: ['unix:///a.sock', 'tcp://10.0.0.1:2375', 'unix:///c.sock'],
  awsAccessKeyId: ['a', 'b', 'c'],
  awsSecretAccessKey: ['a', 'b/+', 'c'],
  awsRegion: ['eu-west-1', 'b', 'c'],
  awsS3Bucket: ['a', 'b', 'c'],
  awsS3BucketPath: ['a', '/b/c/', '/'],
  awsS3Endpoint: ['http://10.0.0.1:9000', 'https://s3.example.com/', 'https://c'],
  awsS3PathStyle: ['true', 'true', 'true'],
  awsS3PublicRead: ['true', 'true', 'true'],
  datadogApiKey: ['a', 'b', 'c'],
  datadogAppKey: ['a', 'b', 'c'],
  ravenUri: ['https://key@sentry.example.com/1', 'http://key:secret@host:9000/path/2', 'https://c@d/3'],
  logLevel: ['debug', 'warn', 'error'],
  debug: ['true', 'true', 'true'],
  verbose: ['true', 'true', 'true'],
  logFormat: ['json', 'json', 'json'],
  logFile: ['/a', '/b', '/c'],
  logFileCount: ['0', '1', '2'],
  logFileSize: ['1', '0.5', '20'],
};

/** What a setting cannot be without; given by the weakest source that still counts. */
const PARTNERS: Partial<Record<SettingName, Environment>> = {
  etcdUser: { BERTH_ETCD_PASSWORD: 'x' },
  etcdPassword: { BERTH_ETCD_USER: 'x' },
  etcdCert: { BERTH_ETCD_KEY: '/x' },
  etcdKey: { BERTH_ETCD_CERT: '/x' },
  awsAccessKeyId: { AWS_SECRET_ACCESS_KEY: 'x', AWS_S3_BUCKET: 'x' },
  awsSecretAccessKey: { AWS_ACCESS_KEY_ID: 'x', AWS_S3_BUCKET: 'x' },
};

function flagsOf(name: SettingName, text: string): Flags {
  const { from, is } = settingOf(name);
  if (from.flag === undefined) return {};
  return { [from.flag]: is.placeholder === undefined ? text === 'true' : is.written === 'list' ? [text] : text };
}

const fileOf = (name: SettingName, text: string) => {
  const [section, key] = settingOf(name).from.toml.split('.');
  return { path: 'berth.toml', text: `[${section}]\n${key} = ${JSON.stringify(text)}\n` };
};

const valueOf = (name: SettingName, text: string | undefined): unknown =>
  text === undefined ? undefined : settingOf(name).is.parse(text);

describe.each(SETTING_NAMES.filter((name) => name !== 'images'))('%s', (name) => {
  const { from, is } = settingOf(name);
  const [first, second, third] = SAMPLES[name];
  const fromEnv = (text: string): Environment => ({ ...PARTNERS[name], ...(from.env ? { [from.env[0]!]: text } : {}) });
  const resolved = (sources: Partial<Sources>) => {
    const { settings, origins } = resolveAgentSettings({ flags: {}, env: {}, ...sources });
    return [settings[name], origins[name]];
  };

  if (from.flag)
    it('is first what its flag says', () => {
      expect(resolved({ flags: flagsOf(name, first), env: fromEnv(second), file: fileOf(name, third) })).toEqual([
        valueOf(name, first),
        { source: 'flag', name: `--${from.flag}` },
      ]);
    });

  if (from.env)
    it('then what its variable says', () => {
      expect(resolved({ flags: flagsOf(name, ''), env: fromEnv(second), file: fileOf(name, third) })).toEqual([
        valueOf(name, second),
        { source: 'environment', name: from.env?.[0] },
      ]);
    });

  it('then what the file says', () => {
    const etcd = from.etcd && { [from.etcd.key]: '5' };
    expect(resolved({ env: fromEnv(''), file: fileOf(name, third), etcd })).toEqual([
      valueOf(name, third),
      { source: 'file', name: `${from.toml} in berth.toml` },
    ]);
  });

  if (from.etcd)
    it('then what etcd says', () => {
      expect(resolved({ file: fileOf(name, ''), etcd: { [from.etcd!.key]: first } })).toEqual([
        valueOf(name, first),
        { source: 'etcd', name: `${from.etcd?.key} in etcd` },
      ]);
    });

  it('else its default, also when all of them are empty', () => {
    const expected = [valueOf(name, is.default), { source: 'default', name: '' }];
    const env = from.env ? Object.fromEntries(from.env.map((variable) => [variable, ''])) : {};
    const etcd = from.etcd ? { [from.etcd.key]: '' } : {};
    expect(resolved({})).toEqual(expected);
    expect(resolved({ flags: flagsOf(name, ''), env, file: fileOf(name, ''), etcd })).toEqual(expected);
  });
});

describe('the file', () => {
  const settings = (text: string) => resolveAgentSettings({ flags: {}, env: {}, file: { path: 'f', text } }).settings;

  it('may write numbers, switches and lists as such', () => {
    const text = `
      [agent]
      port = 7001
      manager-allow = ["10.0.0.0/8", "fd00::/8"]
      [kernel]
      memory-overcommit = 1.5
      debug-skip-container-deletion = true
      runner = []
      [etcd]
      addr = ["a:1", "b:2"]`;
    expect(settings(text)).toMatchObject({
      agentPort: 7001,
      managerAllow: [
        { family: 'ipv4', address: '10.0.0.0', prefix: 8 },
        { family: 'ipv6', address: 'fd00::', prefix: 8 },
      ],
      memoryOvercommit: 1.5,
      debugSkipContainerDeletion: true,
      kernelRunner: [],
      etcdAddr: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
    });
  });

  it('names images', () => {
    const { images } = settings(
      '[images]\n"python:3.6-debian" = "debian-python:latest"\n"__proto__" = ""\n"c" = "r.example.com:5000/c@sha256:ab"',
    );
    expect([...images]).toEqual([
      ['python:3.6-debian', 'debian-python:latest'],
      ['c', 'r.example.com:5000/c@sha256:ab'],
    ]);
  });
});

describe('values', () => {
  const settings = (flags: Flags, env: Environment = {}) => resolveAgentSettings({ flags, env }).settings;

  it.each<[Flags, object]>([
    [{ 'limit-cpus': '0x8000000000000001' }, { limitCpus: [0, 63] }],
    [{ 'limit-gpus': 'a' }, { limitGpus: [1, 3] }],
    [{ 'idle-timeout': 'never' }, { idleTimeoutSeconds: null }],
    [{ 'exec-timeout': '0' }, { execTimeoutSeconds: null }],
    [{ 'agent-bind': '*' }, { agentBind: '0.0.0.0' }],
    [
      { 'manager-allow': ['10.0.0.1', 'fd00::1, 10.0.0.0/0', ''] },
      { managerAllow: [{ prefix: 32 }, { prefix: 128 }, { prefix: 0 }] },
    ],
    [{ 'kernel-host-override': '[::1]' }, { kernelHostOverride: '::1' }],
    [{ 'scratch-root': 'relative' }, { scratchRoot: `${process.cwd()}/relative` }],
    [{ 'terminal-port-range': '5-6' }, { terminalPortRange: { first: 5, last: 6 } }],
    [{ debug: true }, { debug: true, logLevel: 'debug' }],
    [{ debug: false }, { debug: false, logLevel: 'info' }],
  ])('%j', (flags, expected) => {
    expect(settings(flags)).toMatchObject(expected);
  });

  it.each([
    ['1', true],
    ['TRUE', true],
    ['yes', true],
    ['0', false],
    ['no', false],
    ['off', false],
  ])('BACKEND_DEBUG=%s is %s', (text, debug) => {
    expect(settings({}, { BACKEND_DEBUG: text }).debug).toBe(debug);
  });

  it('of Sentry have two names', () => {
    expect(settings({}, { SENTRY_DSN: 'https://a@b/1' }).ravenUri).toBe('https://a@b/1');
    expect(settings({}, { SENTRY_DSN: 'https://a@b/1', RAVEN_URI: 'https://c@d/2' }).ravenUri).toBe('https://c@d/2');
  });

  it('of S3 strip what would double a slash', () => {
    expect(settings({}, { AWS_S3_BUCKET_PATH: '/a/b/', AWS_S3_ENDPOINT: 'http://h:9000//' })).toMatchObject({
      awsS3BucketPath: 'a/b',
      awsS3Endpoint: 'http://h:9000',
    });
    expect(settings({}, { AWS_S3_BUCKET_PATH: '/' }).awsS3BucketPath).toBe('');
  });

  it('of the guide, left blank, are no values', () => {
    const blank = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', DATADOG_API_KEY: '', DATADOG_APP_KEY: '', RAVEN_URI: '' };
    expect(resolveAgentSettings({ flags: {}, env: blank })).toEqual(resolveAgentSettings({ flags: {}, env: {} }));
  });
});

describe('etcd, asked later', () => {
  const resolved = (flags: Flags) => resolveAgentSettings({ flags, env: {} });

  it.each([
    ['7', 7],
    ['0', null],
    ['', 600],
    [null, 600],
  ])('nodes/idle_timeout %j is %j', (value, seconds) => {
    expect(withEtcd(resolved({}), { 'nodes/idle_timeout': value }).settings.idleTimeoutSeconds).toBe(seconds);
  });

  it('is weaker than what was given', () => {
    const given = resolved({ 'idle-timeout': '9' });
    expect(withEtcd(given, { 'nodes/idle_timeout': '7' })).toEqual(given);
  });

  it('says whose a bad value is', () => {
    expect(() => withEtcd(resolved({}), { 'nodes/idle_timeout': 'soon' })).toThrow(/^nodes\/idle_timeout in etcd is "soon": /);
  });
});

describe('warnings', () => {
  it.each<[Flags, Environment, RegExp[]]>([
    [{}, {}, [/open to whoever reaches it.*--manager-allow/]],
    [{ 'manager-allow': ['10.0.0.0/8'] }, {}, []],
    [{ 'agent-bind': '127.0.0.1' }, {}, []],
    [{ 'agent-bind': '::1', 'etcd-password': 'p', 'etcd-user': 'u' }, {}, [/--etcd-password: .*command line/]],
    [{ 'agent-bind': '::1' }, { AWS_S3_BUCKET: 'b' }, [/nothing is uploaded/]],
    [{ 'agent-bind': '::1', 'limit-gpus': '1' }, { RAVEN_URI: '' }, [/^--limit-gpus is read, and this version does nothing/]],
  ])('%j %j', (flags, env, expected) => {
    const { warnings } = resolveAgentSettings({ flags, env });
    expect(warnings).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as unknown));
  });
});

describe('the table', () => {
  it('has each key, flag and variable once', () => {
    for (const pick of [
      ({ from }: (typeof AGENT_SCHEMA)[SettingName]) => [from.toml],
      ({ from }: (typeof AGENT_SCHEMA)[SettingName]) => [from.flag ?? from.env?.[0] ?? from.toml],
      ({ from }: (typeof AGENT_SCHEMA)[SettingName]) => [...(from.env ?? [])],
    ]) {
      const all = SETTING_NAMES.flatMap((name) => pick(AGENT_SCHEMA[name]));
      expect(new Set(all).size).toBe(all.length);
    }
  });

  it('gives every setting at least an example, and switches no default but false', () => {
    for (const { is } of SETTING_NAMES.map(settingOf)) {
      if (is.placeholder === undefined) expect(is.default).toBe('false');
      else if (is.placeholder !== 'TABLE') expect(is.default || is.example).toBeTruthy();
    }
  });

  it('has nothing to complain of when nothing is given', () => {
    expect(checkAgentSettings({ flags: {}, env: {} })).toEqual([]);
  });
});
