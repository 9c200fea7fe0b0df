/** A proxy on this machine whose faults a test commands: for outages of etcd, Redis, managers, and of Docker on its Unix socket. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

interface Pair {
  readonly near: Socket;
  far: Socket | undefined;
}

export class FaultProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: 'open' | 'refusing' | 'stalled' = 'open';
  /** Where new connections go; may be changed at any time. */
  target: Target;
  /** Connections that came so far, refused ones included. */
  attempts = 0;

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.target = target;
  }

  /** Listens on a free port of 127.0.0.1; with `path` on a Unix socket there. */
  static async start(target: Target, path?: string): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, target);
    server
      .on('connection', (socket) => proxy.#accept(socket))
      .listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Resets every connection; new ones are served. */
  cut(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** Resets every connection, and each new one at once, until {@link resume}. */
  refuse(): void {
    this.#mode = 'refusing';
    this.cut();
  }

  /** Passes nothing more in either direction, and keeps all connections, new ones too: a network that swallows. */
  stall(): void {
    this.#mode = 'stalled';
    for (const { near, far } of this.#pairs) {
      for (const socket of [near, far]) socket?.unpipe().pause();
    }
  }

  /** Serves again; what was stalled goes on. */
  resume(): void {
    this.#mode = 'open';
    for (const pair of this.#pairs) this.#join(pair);
  }

  async close(): Promise<void> {
    this.refuse();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(near: Socket): void {
    this.attempts += 1;
    near.on('error', () => {});
    if (this.#mode === 'refusing') return this.#reset(near);
    const pair: Pair = { near, far: undefined };
    this.#pairs.add(pair);
    near.once('close', () => this.#end(pair));
    if (this.#mode === 'open') this.#join(pair);
    else near.pause();
  }

  #join(pair: Pair): void {
    const { near } = pair;
    if (!pair.far) {
      pair.far = connect(this.target);
      pair.far.on('error', () => {}).once('close', () => this.#end(pair));
    }
    near.pipe(pair.far).pipe(near);
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    this.#reset(pair.near);
    pair.far?.destroy();
  }

  /** Unix sockets know no reset. */
  #reset(socket: Socket): void {
    if (typeof this.#server.address() === 'string') socket.destroy();
    else socket.resetAndDestroy();
  }
}
