/** The coordinator of a namespace, opened from settings. */
import { readFile } from 'node:fs/promises';
import { BerthError } from '@berth/wire';
import type { AgentSettings } from '../config/agent-settings.js';
import type { Coordinator } from '../ports/coordinator.js';
import { silentLogger, type Logger } from '../ports/logger.js';

export interface CoordinatorOptions {
  /** `HOST:PORT`, IPv6 in brackets; servers of one cluster. */
  readonly endpoints: readonly string[];
  /** Without a slash. */
  readonly namespace: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Paths of PEM files. Any of them makes the connection TLS. */
  readonly tls?: { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined };
}

/** Where the keys of a manager and its agents are (seed spec 4.1; in 1.4 it still has this name). */
export const prefixOfNamespace = (namespace: string): string => `/sorna/${namespace}/`;

type EtcdSettings = Pick<
  AgentSettings,
  'etcdAddr' | 'namespace' | 'etcdUser' | 'etcdPassword' | 'etcdCa' | 'etcdCert' | 'etcdKey'
>;

export function coordinatorOptions(settings: EtcdSettings): CoordinatorOptions {
  const { etcdAddr, namespace, etcdUser, etcdPassword, etcdCa, etcdCert, etcdKey } = settings;
  return {
    endpoints: etcdAddr.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`),
    namespace,
    username: etcdUser,
    password: etcdPassword,
    ...((etcdCa ?? etcdCert ?? etcdKey) ? { tls: { ca: etcdCa, cert: etcdCert, key: etcdKey } } : {}),
  };
}

/** Opens it; whether etcd answers is only known after `probe`. Errors: `file-unreadable` for certificates. */
export async function openCoordinator(options: CoordinatorOptions, logger: Logger = silentLogger): Promise<Coordinator> {
  const { endpoints, namespace, username, password, tls } = options;
  const files = tls && {
    ...(tls.ca === undefined ? {} : { ca: await read(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: await read(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: await read(tls.key) }),
  };
  // Loaded only here: gRPC takes its time, and most commands have no use for it.
  const { EtcdCoordinator } = await import('../adapters/etcd/index.js');
  return new EtcdCoordinator({
    endpoints,
    prefix: prefixOfNamespace(namespace),
    logger,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(files ? { tls: files } : {}),
  });
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new BerthError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
