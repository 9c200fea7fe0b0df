/** Settings of a node and where each comes from, for `berth up`. `agent-schema.ts` has those of `berth agent`. */
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { BerthError } from '@berth/wire';
import { DEFAULT_DOCKER, DOCKER_FIX, parseDockerAddress, type DockerAddress } from './docker-address.js';
import { ISOLATIONS, WANTED_DRIVERS, type Isolation, type WantedDriver } from '../ports/driver.js';
import { isLogLevel, LOG_LEVELS, type LogLevel } from './log-level.js';

export type { DockerAddress } from './docker-address.js';
export { LOG_LEVELS, type LogLevel } from './log-level.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that do not come from flags. An empty variable counts as unset. */
export interface NodeSettings {
  /** Everything a node keeps is below it. Absolute. From BERTH_DATA_DIR. */
  readonly dataDir: string;
  /** From DOCKER_HOST. */
  readonly docker: DockerAddress;
  /** What makes containers. From BERTH_DRIVER or --driver; default auto. */
  readonly driver?: WantedDriver;
  /** `none`: sessions are plain processes. From BERTH_ISOLATION or --isolation; default sandboxed. */
  readonly isolation?: Isolation;
  /** Absolute path of the program bubblewrap, from BERTH_BUBBLEWRAP; absent: where packages put it. */
  readonly bubblewrap?: string;
  /** Level of the log: debug, info, warn or error. From BERTH_LOG_LEVEL. */
  readonly logLevel: LogLevel;
}

const SYSTEM_DATA_DIR = '/var/lib/berth';

/** What flags say, if they are given: they win. */
export interface Flags {
  readonly driver?: string | undefined;
  readonly isolation?: string | undefined;
}

/** Reads the settings. Errors: `bad-config`, naming the variable and its value; `bad-usage`, naming the flag. */
export function readSettings(env: Environment = process.env, flags: Flags = {}): NodeSettings {
  const bubblewrap = env['BERTH_BUBBLEWRAP'];
  return {
    dataDir: dataDirectory(env),
    docker: dockerTarget(env),
    driver: driverName(env, flags),
    isolation: isolationOf(env, flags),
    ...(bubblewrap ? { bubblewrap: resolve(bubblewrap) } : {}),
    logLevel: logLevel(env),
  };
}

/** BERTH_DATA_DIR; else /var/lib/berth where it can be written; else the user's own data directory. */
export function dataDirectory(env: Environment = process.env): string {
  const given = env['BERTH_DATA_DIR'];
  if (given) return resolve(given);
  if (process.getuid?.() === 0 && canMake(SYSTEM_DATA_DIR)) return SYSTEM_DATA_DIR;
  const data = env['XDG_DATA_HOME'];
  return join(data && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'berth');
}

/** Changes nothing: asking where a node would be must not make its directory. */
export function canMake(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && path !== '/' && canMake(dirname(path));
  }
}

function dockerTarget(env: Environment): DockerAddress {
  const host = env['DOCKER_HOST'] || DEFAULT_DOCKER;
  try {
    return parseDockerAddress(host);
  } catch (error) {
    throw new BerthError('bad-config', `DOCKER_HOST is ${JSON.stringify(host)}: ${(error as Error).message}`, {
      fix: DOCKER_FIX,
      fields: { variable: 'DOCKER_HOST', value: host },
    });
  }
}

/** One of `known`, from the flag or else the variable. */
function oneOf<T extends string>(
  known: readonly T[],
  flag: { readonly name: string; readonly value: string | undefined },
  variable: { readonly name: string; readonly value: string | undefined },
): T {
  const text = flag.value ?? (variable.value || known[0]!);
  const found = known.find((one) => one === text);
  if (found) return found;
  const [code, name] = flag.value === undefined ? (['bad-config', variable.name] as const) : (['bad-usage', flag.name] as const);
  throw new BerthError(code, `${name} is ${JSON.stringify(text)}: it must be one of ${known.join(', ')}`);
}

const driverName = (env: Environment, flags: Flags): WantedDriver =>
  oneOf(WANTED_DRIVERS, { name: '--driver', value: flags.driver }, { name: 'BERTH_DRIVER', value: env['BERTH_DRIVER'] });

function isolationOf(env: Environment, flags: Flags): Isolation {
  const variable = { name: 'BERTH_ISOLATION', value: env['BERTH_ISOLATION'] };
  const isolation = oneOf(ISOLATIONS, { name: '--isolation', value: flags.isolation }, variable);
  if (isolation === 'none') {
    const origin = flags.isolation === undefined ? variable.name : '--isolation';
    refuseBesideDriver(origin, env, flags);
    refuseUnasked(origin);
  }
  return isolation;
}

function refuseBesideDriver(origin: string, env: Environment, { driver: flag }: Flags): void {
  const driver = flag ?? (env['BERTH_DRIVER'] || 'auto');
  if (driver === 'auto') return;
  const code = origin === '--isolation' || flag !== undefined ? 'bad-usage' : 'bad-config';
  throw new BerthError(
    code,
    `${origin} is "none", but the driver ${driver} is asked for too: without isolation there is no driver to choose`,
    {
      fix: 'Leave out one of the two.',
    },
  );
}

/** Root's code would be kept from nothing at all, so that a variable or a file that was set long ago is not enough. */
export function refuseUnasked(origin: string, uid: number = process.getuid!()): void {
  if (uid !== 0 || origin === '--isolation') return;
  throw new BerthError('bad-config', `${origin} says that there be no isolation, which root must ask for on the command line`, {
    fix: 'Give `--isolation none` yourself (each session then has a user id of its own), or start the node as an ordinary user.',
    fields: { variable: origin },
  });
}

function logLevel(env: Environment): LogLevel {
  const text = env['BERTH_LOG_LEVEL'] || 'info';
  if (isLogLevel(text)) return text;
  throw new BerthError('bad-config', `BERTH_LOG_LEVEL is ${JSON.stringify(text)}: it must be one of ${LOG_LEVELS.join(', ')}`);
}

/** `HOST:PORT` of --listen. Errors: `bad-usage`. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const parts = /^(?<host>\[[0-9a-fA-F:]+\]|[^:\s]+):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(parts?.['port']);
  if (!parts || port > 65535) {
    throw new BerthError('bad-usage', `--listen is ${JSON.stringify(text)}: it must be HOST:PORT, with a port from 0 to 65535`, {
      fix: 'For example --listen 127.0.0.1:8081; port 0 takes any free one.',
    });
  }
  return { host: parts['host']!.replace(/^\[|\]$/g, ''), port };
}
