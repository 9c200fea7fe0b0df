/** One node per data directory: an abstract Unix socket, which the kernel gives back also after kill -9. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { BerthError } from '@berth/wire';

/** Anybody on this machine may connect to an abstract socket. */
const MOST_ASKERS = 64;

export interface Lock {
  release(): void;
}

/**
 * Named after device and inode of the directory, so that two paths to one directory are one lock. Errors: `data-dir-locked`.
 * Abstract sockets belong to a network namespace: nodes in different ones must not share a data directory.
 */
export async function lockDirectory(directory: string): Promise<Lock> {
  const name = await lockName(directory);
  const askers = new Set<Socket>();
  const server = createServer((socket) => {
    askers.add(socket.unref());
    socket.on('error', () => {});
    socket.on('close', () => askers.delete(socket));
    socket.resume();
  });
  server.maxConnections = MOST_ASKERS;
  try {
    server.listen(name);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new BerthError('data-dir-locked', `another node runs on ${directory}`, { fields: { dataDir: directory } });
  }
  server.unref();
  return {
    release() {
      server.close();
      for (const socket of askers) socket.destroy();
    },
  };
}

/** True while a node holds the lock. */
export async function isLocked(directory: string): Promise<boolean> {
  const socket = await connectTo(directory);
  socket?.destroy();
  return socket !== undefined;
}

/** Resolves when the lock is free: its holder keeps the connection for as long as it holds. */
export async function untilUnlocked(directory: string): Promise<void> {
  for (let socket = await connectTo(directory); socket; socket = await connectTo(directory)) {
    const held = socket;
    // Not `once` of node:events: a holder that was killed resets the connection, which is an end like any other.
    await new Promise((resolve) => held.once('close', resolve).resume());
  }
}

async function connectTo(directory: string): Promise<Socket | undefined> {
  const name = await lockName(directory).catch(() => undefined);
  if (name === undefined) return undefined;
  const socket = connect(name);
  try {
    await once(socket, 'connect');
    return socket.on('error', () => {});
  } catch {
    return undefined;
  }
}

async function lockName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory);
  return `\0berth-node-${dev}-${ino}`;
}
