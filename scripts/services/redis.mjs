// A Redis of our own: on a free port of 127.0.0.1, nothing kept on disk but its log.
import { startDaemon } from './daemons.mjs';
import { ask, freePorts } from './ports.mjs';
import { untilReady } from './ready.mjs';

/** Arguments of a Redis that works in `directory`. */
export const redisArguments = (directory, port) => [
  ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
  ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
];

/** True when the server at this port answers; a demand for a password is an answer. */
export const redisAnswers = async (port) => /^(\+PONG|-NOAUTH)/.test(await ask(port, 'PING\r\n'));

/** See `start` in table.mjs. */
export async function startRedis(directory, { signal }) {
  const [port] = await freePorts(1);
  const daemon = startDaemon(directory, 'redis', 'redis-server', redisArguments(directory, port));
  await untilReady('redis-server', daemon, () => redisAnswers(port), signal);
  return { BERTH_TEST_REDIS: `127.0.0.1:${port}` };
}
