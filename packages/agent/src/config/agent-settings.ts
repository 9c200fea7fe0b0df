/**
 * What `berth agent` is told, in types. `agent-schema.ts` says of each where it comes from; `resolve.ts` brings them together:
 *
 *     resolveAgentSettings({ flags, env, file?: { path, text }, etcd? }): { settings, origins, warnings }     pure
 *     loadAgentSettings({ flags, env?, etcd? }): Promise<the same>                  reads the file that -f names, and process.env
 *
 * `etcd` maps keys relative to the namespace (`nodes/idle_timeout`) to their values. A setting that is undefined was not given and
 * has no default. Times and sizes carry their unit in the name. Paths are absolute.
 *
 * `serveAgent(resolved, onReady)` gets the whole {@link ResolvedSettings}: with the origins it can tell whether a value may still come
 * from etcd (`withEtcd(resolved, values)`), and it puts the warnings into its log.
 */
import type { DockerAddress } from './docker-address.js';
import type { LogLevel } from './log-level.js';
import type { HostPort } from './etcd-address.js';
import type { Isolation } from '../ports/driver.js';

export interface AgentSettings {
  // [etcd]
  /** At least one. */
  readonly etcdAddr: readonly HostPort[];
  readonly namespace: string;
  readonly etcdUser: string | undefined;
  readonly etcdPassword: string | undefined;
  /** PEM files. Any of them makes the connection TLS; certificate and key come together. */
  readonly etcdCa: string | undefined;
  readonly etcdCert: string | undefined;
  readonly etcdKey: string | undefined;

  // [agent]
  /** Undefined: that of the cloud, or `i-<hostname>` (`detectIdentity`). */
  readonly instanceId: string | undefined;
  /** Address that managers are told; undefined: detected. */
  readonly agentHostOverride: string | undefined;
  /** Address for kernel ports that managers are told; undefined: that of the agent. */
  readonly kernelHostOverride: string | undefined;
  /** IP address that RPC binds to; `0.0.0.0` is every interface. */
  readonly agentBind: string;
  readonly agentPort: number;
  /** Accepted for the sake of old scripts: Berth has no collectors that would report there. Nothing listens on it. */
  readonly statPort: number;
  /** Who may call RPC; empty: anybody. */
  readonly managerAllow: readonly Cidr[];
  /** `none`: kernels are plain processes of this machine. */
  readonly isolation: Isolation;
  /** Where the gateway for local `berth` commands listens; port 0 takes any. */
  readonly listen: HostPort;
  readonly scratchRoot: string;
  /** Undefined: `defaultStateDirectory(...)`. */
  readonly stateDir: string | undefined;
  /** Region outside clouds. */
  readonly region: string;
  readonly onStop: 'leave' | 'terminate';

  // [kernel]
  /** Kernels that nobody used for longer end; null: never. */
  readonly idleTimeoutSeconds: number | null;
  /** Longest time of one execution, above what labels of images say; null: none; undefined: the labels decide. */
  readonly execTimeoutSeconds: number | null | undefined;
  readonly terminalPortRange: PortRange;
  readonly defaultNetwork: 'none' | 'bridge' | 'host';
  /** Memory that kernels may be promised, as a multiple of the machine's. */
  readonly memoryOvercommit: number;
  /** Names of images (`*` stands for any text) whose own runner of 2018 is used. */
  readonly kernelRunner: readonly string[];
  /** Accepted and unused, as in 2018. */
  readonly kernelAliases: string | undefined;
  /** Cores (and GPUs) that may be used, by number, ascending; undefined: all. */
  readonly limitCpus: readonly number[] | undefined;
  readonly limitGpus: readonly number[] | undefined;
  readonly debugKernel: string | undefined;
  readonly debugJail: string | undefined;
  readonly debugHook: string | undefined;
  readonly debugSkipContainerDeletion: boolean;

  // [images]
  /** Schedulable name, for example `python:3.6-debian`, to the reference of a local image. */
  readonly images: ReadonlyMap<string, string>;

  // [docker]
  readonly docker: DockerAddress;

  // [s3]. Both keys and the bucket are there, or none of the keys is: then nothing is uploaded.
  readonly awsAccessKeyId: string | undefined;
  readonly awsSecretAccessKey: string | undefined;
  readonly awsRegion: string;
  readonly awsS3Bucket: string | undefined;
  /** Prefix of the keys, without slashes at its ends; may be empty only when it was given as `/`. */
  readonly awsS3BucketPath: string;
  /** `http://` or `https://` URL of a service that is compatible with S3; undefined: Amazon's own. */
  readonly awsS3Endpoint: string | undefined;
  readonly awsS3PathStyle: boolean;
  /** Files may be read by anybody under plain addresses; else addresses are signed. */
  readonly awsS3PublicRead: boolean;

  // [datadog], [sentry]
  readonly datadogApiKey: string | undefined;
  readonly datadogAppKey: string | undefined;
  readonly ravenUri: string | undefined;

  // [log]
  /** `debug` when --debug is given. */
  readonly logLevel: LogLevel;
  readonly debug: boolean;
  /** Accepted and unused, as in 2018. */
  readonly verbose: boolean;
  readonly logFormat: 'pretty' | 'json';
  readonly logFile: string | undefined;
  /** Old log files that are kept. */
  readonly logFileCount: number;
  /** MiB at which the log file is rotated. */
  readonly logFileSize: number;
}

export type SettingName = keyof AgentSettings;
export type { HostPort } from './etcd-address.js';
export type { DockerAddress } from './docker-address.js';
export type { LogLevel } from './log-level.js';

/** A range of addresses. */
export interface Cidr {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  /** Bits. */
  readonly prefix: number;
}

/** Both ends belong to it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Where a value comes from. `name` is as a person would write it: `--agent-port`, `BERTH_STATE_DIR`, `agent.port in berth.toml`. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'file' | 'etcd' | 'default';
  /** Empty for defaults. */
  readonly name: string;
}

export interface ResolvedSettings {
  readonly settings: AgentSettings;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** Sentences about what is allowed but worth saying. */
  readonly warnings: readonly string[];
}

/** What was typed, by the name of the flag without dashes. False, empty and absent are the same: not given. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
