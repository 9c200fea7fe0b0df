/** The socket of the runner. */
import { chmodSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

const { O_RDONLY, O_DIRECTORY } = constants;
const NAME = 'runner.sock';

/**
 * Listens in `directory`, whatever the length of its path: a long one would be cut silently. The mode lets everybody connect
 * who can reach it; the directories above decide who that is.
 */
export function listen(directory: string, onConnection: (socket: Socket) => void): Promise<Server> {
  rmSync(join(directory, NAME), { force: true });
  const fd = openSync(directory, O_RDONLY | O_DIRECTORY);
  const server = createServer(onConnection);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(`/proc/self/fd/${fd}/${NAME}`, () => {
      chmodSync(join(directory, NAME), 0o777);
      resolve(server);
    });
    // The server removes the socket through this path when it closes.
    server.once('close', () => closeSync(fd));
  });
}
