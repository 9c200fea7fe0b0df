import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';

/** Below the ports that Linux gives to outgoing connections: one of those could take the port of a server that is being started again. */
const RANGE = { first: 12_000, end: 30_000 };

/** Ports of 127.0.0.1 on which nothing listens. They are let go again at once. */
export async function freePorts(count) {
  const servers = [];
  while (servers.length < count) {
    const server = createServer().listen(randomInt(RANGE.first, RANGE.end), '127.0.0.1');
    if (await isListening(server)) servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

const isListening = (server) =>
  new Promise((resolve) => server.once('listening', () => resolve(true)).once('error', () => resolve(false)));

/** Sends `text` to a port of 127.0.0.1 and resolves with the first piece of the answer, empty when there is none within 5 s. */
export function ask(port, text) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(5_000, () => end(''));
    socket
      .on('data', (chunk) => end(String(chunk)))
      .on('error', () => end(''))
      .on('close', () => resolve(''));
  });
}
