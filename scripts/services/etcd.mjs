// An etcd of our own: one server on free ports of 127.0.0.1, its data in its place.
import { join } from 'node:path';
import { startDaemon } from './daemons.mjs';
import { ask, freePorts } from './ports.mjs';
import { untilReady } from './ready.mjs';

/** Arguments of an etcd of one server that keeps its data in `data`. */
export function etcdArguments(data, clientPort, peerPort) {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${data}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=error',
  ];
}

/** True when the server at this port is part of a cluster that works. */
export const etcdIsHealthy = async (port) => / 200 OK\r\n/.test(await ask(port, 'GET /health HTTP/1.0\r\n\r\n'));

/** See `start` in table.mjs. */
export async function startEtcd(directory, { signal }) {
  const [clientPort, peerPort] = await freePorts(2);
  const daemon = startDaemon(directory, 'etcd', 'etcd', etcdArguments(join(directory, 'data'), clientPort, peerPort));
  await untilReady('etcd', daemon, () => etcdIsHealthy(clientPort), signal);
  return { BERTH_TEST_ETCD: `127.0.0.1:${clientPort}` };
}
