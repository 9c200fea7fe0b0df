/** A TCP proxy that breaks each connection after a number of bytes from the server, and can go away for a while. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export class CuttingProxy {
  readonly #cuts: number[];
  readonly #server = createServer((socket) => this.#serve(socket));
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  /** Connections so far. */
  connections = 0;

  /** @param cuts bytes after which the first, second, ... connection breaks; later ones last */
  constructor(endpoint: string, cuts: readonly number[]) {
    this.#target = Number(new URL(endpoint).port);
    this.#cuts = [...cuts];
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    this.connections += 1;
    let left = this.#cuts.shift() ?? Infinity;
    const server = connect(this.#target, '127.0.0.1');
    const both = [client, server];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (chunk) => {
      client.write(chunk.subarray(0, Math.min(left, chunk.length)));
      left -= chunk.length;
      if (left > 0) return;
      // What was let through arrives; then nothing more, in either direction.
      client.end();
      server.destroy();
    });
  }
}
