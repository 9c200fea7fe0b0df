/**
 * The keeper: a process of its own that holds the connection to a kernel's output socket, and writes what comes into files. ZeroMQ
 * drops what is under way when a connection ends; so the connection must outlive the agent. It ends with the connection, that is with
 * the container, and nobody needs to end it. Arguments: directory, host, port, name of its own abstract socket.
 *
 * Whoever connects to that socket is told, by a byte, that something came. It is the lock as well: there is one keeper for a kernel.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { sleep } from '@berth/base';
import { endOfStream, STREAM_FILE_BYTES, streamFileName, streamFiles } from './stream-files.js';
import { HANDSHAKE } from './zmtp.js';

/** So much is kept unread; then the kernel waits. */
const MOST_FILES = 16;
const LOOK_AGAIN_MS = 20;
/** A runner that does not listen yet. */
const CONNECT_AGAIN_MS = 50;
/** Without a connection and without an agent. */
const LONELY_TRIES = 1200;

const [directory = '', host = '', port = '', name = ''] = process.argv.slice(2);
const agents = new Set<Socket>();

class StreamWriter {
  /** A new file was begun since this was set back. */
  turned = false;
  #file: number | undefined;
  #start = 0;
  #size = 0;

  /** Writes all of it; throws, having written a part perhaps, when the disk is full: `rest` is what is left. */
  write(data: Buffer, rest: (left: Buffer) => void): void {
    for (let done = 0; done < data.length;) {
      const file = this.#file ?? this.#next(this.#start === 0 && this.#size === 0);
      rest(data.subarray(done));
      const wrote = writeSync(file, data, done);
      done += wrote;
      this.#size += wrote;
      if (this.#size >= STREAM_FILE_BYTES) this.#next(false);
    }
    rest(Buffer.alloc(0));
  }

  #next(begins: boolean): number {
    const start = begins ? endOfStream(streamFiles(directory)) : this.#start + this.#size;
    const opened = openSync(join(directory, streamFileName(start, begins)), 'ax', 0o600);
    this.turned = true;
    this.#start = start;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = opened;
    this.#size = 0;
    return opened;
  }
}

/** Resolves when the connection is over; true when anything came. */
async function hold(writer: StreamWriter): Promise<boolean> {
  const socket = connect(Number(port), host);
  socket.setKeepAlive(true, 60_000);
  socket.on('error', () => {});
  socket.write(HANDSHAKE);
  let came = false;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      came = true;
      await keep(writer, chunk);
      for (const agent of agents) if (agent.writableLength === 0) agent.write('.');
      if (writer.turned) while (streamFiles(directory).length > MOST_FILES) await sleep(LOOK_AGAIN_MS);
      writer.turned = false;
    }
  } catch {
    // Refused, reset, or the directory is gone: each is an end.
  }
  return came;
}

async function keep(writer: StreamWriter, chunk: Buffer): Promise<void> {
  let left = chunk;
  while (left.length > 0) {
    try {
      writer.write(left, (rest) => (left = rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      await sleep(10 * LOOK_AGAIN_MS);
    }
  }
}

async function keepAll(): Promise<void> {
  for (let lonely = 0; lonely < LONELY_TRIES; lonely = agents.size > 0 ? 0 : lonely + 1) {
    // docker-proxy takes a connection before the runner listens, and ends it.
    if (await hold(new StreamWriter())) return;
    await sleep(CONNECT_AGAIN_MS);
  }
}

const server = createServer((agent) => {
  agents.add(agent);
  agent.on('error', () => {});
  agent.on('close', () => agents.delete(agent));
  agent.resume();
});
// Another keeper is there: it goes on.
server.on('error', () => server.close());
server.listen(`\0${name}`, () => {
  void keepAll().finally(() => {
    server.close();
    for (const agent of agents) agent.destroy();
  });
});
