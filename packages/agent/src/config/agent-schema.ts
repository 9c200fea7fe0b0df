/**
 * Every setting of `berth agent`, once: where it may come from, what it may be, and a line of help. Command line, berth.toml, `berth
 * config`, docs/configuration.md and their tests are made from this table. Names and defaults of 2018: seed spec 2.
 */
import type { AgentSettings, SettingName } from './agent-settings.js';
import { DEFAULT_DOCKER, parseDockerAddress } from './docker-address.js';
import { parseEtcdAddresses } from './etcd-address.js';
import { parseImages } from './images-table.js';
import { LOG_LEVELS } from './log-level.js';
import * as parsers from './parsers.js';
import { ISOLATIONS } from '../ports/driver.js';
import type { Kind, Setting } from './setting.js';

/** What has no default may be undefined, and what may not be undefined has one. */
type Complete<T> = undefined extends T
  ? Setting<Exclude<T, undefined>> & { readonly is: { readonly default?: never } }
  : Setting<T> & { readonly is: { readonly default: string } };

const SWITCH = { written: 'switch', default: 'false', parse: parsers.onOff } as const satisfies Kind<boolean>;
const PORT = { placeholder: 'PORT', written: 'number', parse: parsers.port } as const satisfies Kind<number>;
const PATH = { placeholder: 'PATH', parse: parsers.path } as const satisfies Kind<string>;

export const AGENT_SCHEMA: { readonly [Name in SettingName]: Complete<AgentSettings[Name]> } = {
  etcdAddr: {
    from: { toml: 'etcd.addr', flag: 'etcd-addr', env: ['BACKEND_ETCD_ADDR'] },
    is: { placeholder: 'HOST:PORT', written: 'list', default: '127.0.0.1:2379', parse: parseEtcdAddresses },
    help: 'etcd; several endpoints with commas between them',
  },
  namespace: {
    from: { toml: 'etcd.namespace', flag: 'namespace', env: ['BACKEND_NAMESPACE'] },
    is: { placeholder: 'NS', default: 'local', parse: parsers.keyPart },
    help: 'namespace in etcd, the same as that of the manager',
  },
  etcdUser: {
    from: { toml: 'etcd.user', flag: 'etcd-user', env: ['BERTH_ETCD_USER'] },
    is: { placeholder: 'USER', example: 'berth', parse: parsers.word },
    help: 'user of etcd',
  },
  etcdPassword: {
    from: { toml: 'etcd.password', flag: 'etcd-password', env: ['BERTH_ETCD_PASSWORD'] },
    is: { placeholder: 'PASSWORD', secret: true, example: 'secret', parse: parsers.anyText },
    help: 'its password; better in the file or the variable, as others see command lines',
  },
  etcdCa: {
    from: { toml: 'etcd.ca', flag: 'etcd-ca', env: ['BERTH_ETCD_CA'] },
    is: { ...PATH, example: '/etc/berth/etcd-ca.pem' },
    help: 'certificate authority of etcd (PEM); speaks TLS',
  },
  etcdCert: {
    from: { toml: 'etcd.cert', flag: 'etcd-cert', env: ['BERTH_ETCD_CERT'] },
    is: { ...PATH, example: '/etc/berth/etcd.pem' },
    help: 'own certificate for etcd (PEM)',
  },
  etcdKey: {
    from: { toml: 'etcd.key', flag: 'etcd-key', env: ['BERTH_ETCD_KEY'] },
    is: { ...PATH, example: '/etc/berth/etcd-key.pem' },
    help: 'private key of that certificate (PEM)',
  },

  instanceId: {
    from: { toml: 'agent.instance-id', flag: 'instance-id', env: ['BERTH_INSTANCE_ID'] },
    is: { placeholder: 'ID', example: 'i-node1', parse: parsers.keyPart },
    help: 'id under which the manager knows this agent; else the one of the cloud, or i-<hostname>',
  },
  agentHostOverride: {
    from: { toml: 'agent.host-override', flag: 'agent-host-override', env: ['BACKEND_AGENT_HOST_OVERRIDE'] },
    is: { placeholder: 'HOST', example: '10.0.0.5', parse: parsers.host },
    help: 'address that the manager is told; else detected',
  },
  agentBind: {
    from: { toml: 'agent.bind', flag: 'agent-bind', env: ['BERTH_AGENT_BIND'] },
    is: { placeholder: 'IP', default: '0.0.0.0', parse: parsers.bindAddress },
    help: 'address that RPC of the manager binds to; 0.0.0.0 or * is every interface',
  },
  agentPort: {
    from: { toml: 'agent.port', flag: 'agent-port', env: ['BACKEND_AGENT_PORT'] },
    is: { ...PORT, default: '6001' },
    help: 'port of RPC',
  },
  statPort: {
    from: { toml: 'agent.stat-port', flag: 'stat-port', env: ['BACKEND_STAT_PORT'] },
    is: { ...PORT, default: '6002' },
    help: 'port of the collectors of 2018; accepted, nothing listens on it',
  },
  managerAllow: {
    from: { toml: 'agent.manager-allow', flag: 'manager-allow', env: ['BERTH_MANAGER_ALLOW'] },
    is: { placeholder: 'CIDR', written: 'list', default: '', example: '10.0.0.0/24', parse: parsers.list(parsers.cidr) },
    help: 'who may call RPC, with commas between or given again; else anybody',
  },
  isolation: {
    from: { toml: 'agent.isolation', flag: 'isolation', env: ['BERTH_ISOLATION'] },
    is: { placeholder: 'sandboxed|none', default: 'sandboxed', parse: parsers.oneOf(...ISOLATIONS) },
    help: 'none: kernels are plain processes of this machine, KEPT FROM NOTHING; root must say so on the command line',
  },
  listen: {
    from: { toml: 'agent.listen', flag: 'listen', env: ['BERTH_LISTEN'] },
    is: { placeholder: 'HOST:PORT', default: '127.0.0.1:0', parse: parsers.listenAddress },
    help: 'where local berth commands are served; port 0: any',
  },
  scratchRoot: {
    from: { toml: 'agent.scratch-root', flag: 'scratch-root', env: ['BACKEND_SCRATCH_ROOT'] },
    is: { ...PATH, placeholder: 'DIR', default: '/var/cache/scratches' },
    help: 'directory of the files of kernels; must exist',
  },
  stateDir: {
    from: { toml: 'agent.state-dir', flag: 'state-dir', env: ['BERTH_STATE_DIR'] },
    is: { ...PATH, placeholder: 'DIR', example: '/var/lib/berth/node1' },
    help: 'directory of the journals; else below /var/lib/berth where that can be written, else below the scratch root',
  },
  region: {
    from: { toml: 'agent.region', env: ['BACKEND_REGION'] },
    is: { placeholder: 'REGION', default: 'local/unknown', parse: parsers.word },
    help: 'region that the manager is told outside clouds',
  },
  onStop: {
    from: { toml: 'agent.on-stop', flag: 'on-stop', env: ['BERTH_ON_STOP'] },
    is: { placeholder: 'leave|terminate', default: 'leave', parse: parsers.oneOf('leave', 'terminate') },
    help: 'what TERM and INT do to kernels: they live on, or end first',
  },

  kernelHostOverride: {
    from: { toml: 'kernel.host-override', flag: 'kernel-host-override', env: ['BACKEND_KERNEL_HOST_OVERRIDE'] },
    is: { placeholder: 'HOST', example: '10.0.0.5', parse: parsers.host },
    help: 'address that the manager is told for ports of kernels; else that of the agent',
  },
  idleTimeoutSeconds: {
    from: {
      toml: 'kernel.idle-timeout',
      flag: 'idle-timeout',
      etcd: { key: 'nodes/idle_timeout', read: (text) => (text === '0' ? 'never' : text) },
    },
    is: { placeholder: 'SECONDS', written: 'number', default: '600', parse: parsers.secondsOr('never') },
    help: 'kernels that nobody used for longer end; never: none does',
  },
  execTimeoutSeconds: {
    from: { toml: 'kernel.exec-timeout', flag: 'exec-timeout', env: ['BERTH_EXEC_TIMEOUT'] },
    is: { placeholder: 'SECONDS', written: 'number', example: '600', parse: parsers.secondsOr('0') },
    help: 'longest time of one execution, 0: no end; else what the label of the image says',
  },
  terminalPortRange: {
    from: { toml: 'kernel.terminal-port-range', flag: 'terminal-port-range', env: ['BERTH_TERMINAL_PORT_RANGE'] },
    is: { placeholder: 'FIRST-LAST', default: '30000-31000', parse: parsers.portRange },
    help: 'ports for terminals of kernels',
  },
  defaultNetwork: {
    from: { toml: 'kernel.default-network', flag: 'default-network', env: ['BERTH_DEFAULT_NETWORK'] },
    is: { placeholder: 'none|bridge|host', default: 'bridge', parse: parsers.oneOf('none', 'bridge', 'host') },
    help: 'network of kernels that the manager makes',
  },
  memoryOvercommit: {
    from: { toml: 'kernel.memory-overcommit', flag: 'memory-overcommit', env: ['BERTH_MEMORY_OVERCOMMIT'] },
    is: { placeholder: 'FACTOR', written: 'number', default: '2.0', parse: parsers.numberAbove(0, 100) },
    help: 'memory that kernels may be promised, as a multiple of what the machine has',
  },
  kernelRunner: {
    from: { toml: 'kernel.runner', flag: 'kernel-runner', env: ['BERTH_KERNEL_RUNNER'] },
    is: { placeholder: 'IMAGE', written: 'list', default: '', example: 'lablup/kernel-*', parse: parsers.list(parsers.word) },
    help: 'images whose own runner of 2018 is used; * stands for any text, commas between or given again',
  },
  kernelAliases: {
    from: { toml: 'kernel.aliases', flag: 'kernel-aliases' },
    is: { placeholder: 'TEXT', example: 'none', parse: parsers.anyText },
    help: 'accepted and unused, as in 2018',
  },
  limitCpus: {
    from: { toml: 'kernel.limit-cpus', flag: 'limit-cpus' },
    is: { placeholder: 'MASK', example: '0f', parse: parsers.bitMask },
    help: 'cores that may be used, as a hexadecimal bit mask (bit i is core i)',
  },
  limitGpus: {
    from: { toml: 'kernel.limit-gpus', flag: 'limit-gpus' },
    is: { placeholder: 'MASK', example: '1', parse: parsers.bitMask },
    help: 'GPUs that may be used, as a hexadecimal bit mask',
  },
  debugKernel: {
    from: { toml: 'kernel.debug-kernel', flag: 'debug-kernel', env: ['DEBUG_KERNEL'] },
    is: { placeholder: 'PATH', example: '/opt/src/ai/backend', parse: parsers.runnerSource },
    help: 'source of a runner of 2018, ends in ai/backend; mounted over the one of the image',
  },
  debugJail: {
    from: { toml: 'kernel.debug-jail', flag: 'debug-jail', env: ['DEBUG_JAIL'] },
    is: { ...PATH, example: '/opt/jail' },
    help: 'jail program that is mounted over the one of the image',
  },
  debugHook: {
    from: { toml: 'kernel.debug-hook', flag: 'debug-hook', env: ['DEBUG_HOOK'] },
    is: { ...PATH, example: '/opt/libbaihook.so' },
    help: 'hook library that is mounted over the one of the image',
  },
  debugSkipContainerDeletion: {
    from: { toml: 'kernel.debug-skip-container-deletion', flag: 'debug-skip-container-deletion' },
    is: { ...SWITCH },
    help: 'dead containers stay, for `docker logs`',
  },

  images: {
    from: { toml: 'images.*' },
    is: { placeholder: 'TABLE', default: '', parse: parseImages },
    help: 'name that managers schedule = reference of a local image',
  },

  docker: {
    from: { toml: 'docker.host', env: ['DOCKER_HOST'] },
    is: { placeholder: 'URL', default: DEFAULT_DOCKER, parse: parseDockerAddress },
    help: 'Docker Engine: unix:///path/of/docker.sock or tcp://HOST:PORT',
  },

  awsAccessKeyId: {
    from: { toml: 's3.access-key', env: ['AWS_ACCESS_KEY_ID'] },
    is: { placeholder: 'KEY', secret: true, example: 'key', parse: parsers.word },
    help: 'access key of S3; without the keys nothing is uploaded',
  },
  awsSecretAccessKey: {
    from: { toml: 's3.secret-key', env: ['AWS_SECRET_ACCESS_KEY'] },
    is: { placeholder: 'KEY', secret: true, example: 'secret', parse: parsers.word },
    help: 'secret key of S3',
  },
  awsRegion: {
    from: { toml: 's3.region', env: ['AWS_REGION'] },
    is: { placeholder: 'REGION', default: 'ap-northeast-1', parse: parsers.word },
    help: 'region of the bucket',
  },
  awsS3Bucket: {
    from: { toml: 's3.bucket', env: ['AWS_S3_BUCKET'] },
    is: { placeholder: 'NAME', example: 'outputs', parse: parsers.keyPart },
    help: 'bucket for files of /home/work/.output; must be named when there are keys',
  },
  awsS3BucketPath: {
    from: { toml: 's3.path', env: ['AWS_S3_BUCKET_PATH'] },
    is: { placeholder: 'PREFIX', default: 'bucket', parse: parsers.keyPrefix },
    help: 'prefix of the keys in the bucket; / is none',
  },
  awsS3Endpoint: {
    from: { toml: 's3.endpoint', env: ['AWS_S3_ENDPOINT'] },
    is: { placeholder: 'URL', example: 'https://s3.example.com', parse: parsers.serviceUrl },
    help: 'service that is compatible with S3; else that of Amazon',
  },
  awsS3PathStyle: {
    from: { toml: 's3.path-style', env: ['AWS_S3_PATH_STYLE'] },
    is: { ...SWITCH },
    help: 'the bucket is in the path of the URL and not in its host',
  },
  awsS3PublicRead: {
    from: { toml: 's3.public-read', env: ['AWS_S3_PUBLIC_READ'] },
    is: { ...SWITCH },
    help: 'anybody may read the files, under plain addresses as in 2018; else addresses are signed, for seven days',
  },

  datadogApiKey: {
    from: { toml: 'datadog.api-key', flag: 'datadog-api-key', env: ['DATADOG_API_KEY'] },
    is: { placeholder: 'KEY', secret: true, example: 'key', parse: parsers.word },
    help: 'API key of Datadog; metrics go out when there is one',
  },
  datadogAppKey: {
    from: { toml: 'datadog.app-key', flag: 'datadog-app-key', env: ['DATADOG_APP_KEY'] },
    is: { placeholder: 'KEY', secret: true, example: 'key', parse: parsers.word },
    help: 'application key of Datadog',
  },

  ravenUri: {
    from: { toml: 'sentry.dsn', flag: 'raven-uri', env: ['RAVEN_URI', 'SENTRY_DSN'] },
    is: { placeholder: 'DSN', secret: true, example: 'https://key@sentry.example.com/1', parse: parsers.dsn },
    help: 'DSN of a Sentry project, for reports of errors',
  },

  logLevel: {
    from: { toml: 'log.level', flag: 'log-level', env: ['BERTH_LOG_LEVEL'] },
    is: { placeholder: 'LEVEL', default: 'info', parse: parsers.oneOf(...LOG_LEVELS) },
    help: `least level that is told: ${LOG_LEVELS.join(', ')}`,
  },
  debug: {
    from: { toml: 'log.debug', flag: 'debug', env: ['BACKEND_DEBUG'] },
    is: { ...SWITCH },
    help: 'the same as --log-level debug',
  },
  verbose: {
    from: { toml: 'log.verbose', flag: 'verbose', short: 'v', env: ['BACKEND_VERBOSE'] },
    is: { ...SWITCH },
    help: 'accepted and without effect, as in 2018',
  },
  logFormat: {
    from: { toml: 'log.format', flag: 'log-format', env: ['BERTH_LOG_FORMAT'] },
    is: { placeholder: 'pretty|json', default: 'pretty', parse: parsers.oneOf('pretty', 'json') },
    help: 'form of the log on standard error',
  },
  logFile: {
    from: { toml: 'log.file', flag: 'log-file', env: ['BACKEND_LOG_FILE'] },
    is: { ...PATH, example: '/var/log/berth/agent.log' },
    help: 'the log as JSON lines in this file, too',
  },
  logFileCount: {
    from: { toml: 'log.file-count', flag: 'log-file-count', env: ['BACKEND_LOG_FILE_COUNT'] },
    is: { placeholder: 'N', written: 'number', default: '10', parse: parsers.wholeNumber(0, 10_000) },
    help: 'old log files that are kept',
  },
  logFileSize: {
    from: { toml: 'log.file-size', flag: 'log-file-size', env: ['BACKEND_LOG_FILE_SIZE'] },
    is: { placeholder: 'MIB', written: 'number', default: '10.0', parse: parsers.numberAbove(0, 1_000_000) },
    help: 'MiB at which the log file is rotated',
  },
};

/** In the order of the table. */
export const SETTING_NAMES = Object.keys(AGENT_SCHEMA) as SettingName[];

/** The same, for code that treats all settings alike. */
export const settingOf = (name: SettingName): Setting<unknown> => AGENT_SCHEMA[name] as Setting<unknown>;
