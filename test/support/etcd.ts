/** etcd for tests: one of their own that they may kill, and `etcdctl`, which knows nothing of Berth. */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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

/** Three servers of one cluster, each to be stopped and started by itself. */
export async function startEtcdCluster(): Promise<readonly OwnServer[]> {
  const ports = await freePorts(6);
  const peers = ports.slice(3).map((port) => `http://127.0.0.1:${port}`);
  const cluster = `--initial-cluster=${peers.map((peer, i) => `s${i}=${peer}`).join(',')}`;
  const start = (i: number) =>
    OwnServer.start(
      ports[i]!,
      (directory) => ({
        program: 'etcd',
        args: [
          ...etcdArguments(join(directory, 'data'), ports[i]!, ports[3 + i]!).filter(
            (arg) => !arg.startsWith('--initial-cluster='),
          ),
          ...[cluster, `--name=s${i}`],
        ],
      }),
      () => etcdIsHealthy(ports[i]!),
    );
  return Promise.all([0, 1, 2].map(start));
}

/** One that speaks TLS only and asks for a certificate; the paths are those of PEM files that will do. */
export async function startTlsEtcd(): Promise<{ server: OwnServer; ca: string; cert: string; key: string }> {
  const [port, peer] = (await freePorts(2)) as [number, number];
  const pki = await mkdtemp(join(tmpdir(), 'berth-pki-'));
  const at = (name: string) => join(pki, name);
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: pki });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test CA', '-days', '2');
  await openssl('req', ...newKey, '-keyout', 'own.key', '-out', 'own.csr', '-subj', '/CN=127.0.0.1');
  await writeFile(at('names'), 'subjectAltName=IP:127.0.0.1\n');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'own.csr', ...signing, '-out', 'own.pem');
  const files = [
    `--cert-file=${at('own.pem')}`,
    `--key-file=${at('own.key')}`,
    `--trusted-ca-file=${at('ca.pem')}`,
    '--client-cert-auth',
  ];
  const server = await OwnServer.start(
    port,
    (directory) => ({
      program: 'etcd',
      args: [
        ...etcdArguments(join(directory, 'data'), port, peer).map((arg) =>
          arg.includes('client-urls') ? arg.replace('http:', 'https:') : arg,
        ),
        ...files,
      ],
    }),
    async () => {
      const reach = ['--cacert', at('ca.pem'), '--cert', at('own.pem'), '--key', at('own.key'), 'endpoint', 'health'];
      return etcdctl(`https://127.0.0.1:${port}`, ...reach).then(
        () => true,
        () => false,
      );
    },
  );
  server.adopt(pki);
  return { server, ca: at('ca.pem'), cert: at('own.pem'), key: at('own.key') };
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
