import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** Ports of 127.0.0.1 on which nothing listens. They are let go again at once: somebody else may take one before its daemon does. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

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
