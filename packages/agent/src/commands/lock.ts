/** One node per data directory: an abstract Unix socket, which the kernel gives back also after kill -9. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { BerthError } from '@berth/wire';

export interface Lock {
  release(): void;
}

/**
 * Named after device and inode of the directory, so that two paths to one directory are one lock. Errors: `data-dir-locked`.
 * Abstract sockets belong to a network namespace: nodes in different ones must not share a data directory.
 */
export async function lockDirectory(directory: string): Promise<Lock> {
  const { dev, ino } = await stat(directory);
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(`\0berth-node-${dev}-${ino}`);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new BerthError('data-dir-locked', `another node runs on ${directory}`, { fields: { dataDir: directory } });
  }
  server.unref();
  return { release: () => void server.close() };
}
