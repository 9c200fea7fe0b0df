/** One node per data directory: an abstract Unix socket, which the kernel gives back also after kill -9. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { BerthError } from '@berth/wire';

export interface Lock {
  release(): void;
}

/**
 * Named after device and inode of the directory, so that two paths to one directory are one lock. Errors: `data-dir-locked`.
 * Abstract sockets belong to a network namespace: nodes in different ones must not share a data directory.
 */
export async function lockDirectory(directory: string): Promise<Lock> {
  const name = await lockName(directory);
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(name);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new BerthError('data-dir-locked', `another node runs on ${directory}`, { fields: { dataDir: directory } });
  }
  server.unref();
  return { release: () => void server.close() };
}

/** True while a node holds the lock, or is about to let go of it. */
export async function isLocked(directory: string): Promise<boolean> {
  const name = await lockName(directory).catch(() => undefined);
  if (name === undefined) return false;
  const socket = connect(name);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function lockName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory);
  return `\0berth-node-${dev}-${ino}`;
}
