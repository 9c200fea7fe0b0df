/** etcd for tests: one of their own that they may kill, and `etcdctl`, which knows nothing of Berth. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { etcdArguments, etcdIsHealthy } from '../../scripts/services/etcd.mjs';
import { freePorts } from '../../scripts/services/ports.mjs';
import { OwnServer } from './own-server.js';

export async function startEtcd(): Promise<OwnServer> {
  const [port, peer] = (await freePorts(2)) as [number, number];
  return OwnServer.start(
    port,
    (directory) => ({ program: 'etcd', args: etcdArguments(join(directory, 'data'), port, peer) }),
    () => etcdIsHealthy(port),
  );
}

/** Runs `etcdctl` (API 3) and resolves with what it prints. */
export async function etcdctl(address: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, ETCDCTL_API: '3' };
  const { stdout } = await promisify(execFile)('etcdctl', [`--endpoints=${address}`, ...args], { env, maxBuffer: 1 << 26 });
  return stdout;
}

/** Keys and values below a prefix, as `etcdctl` sees them. */
export async function dumpEtcd(address: string, prefix: string): Promise<Map<string, string>> {
  const { kvs = [] } = JSON.parse(await etcdctl(address, 'get', '--prefix', prefix, '-w', 'json')) as {
    readonly kvs?: readonly { readonly key: string; readonly value?: string }[];
  };
  const text = (base64 = '') => Buffer.from(base64, 'base64').toString();
  return new Map(kvs.map(({ key, value }) => [text(key), text(value)]));
}
