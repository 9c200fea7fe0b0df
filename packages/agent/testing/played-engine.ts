/** An engine whose answers a test plays: an HTTP server that speaks for Docker. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request; true when it did. The path is without the version of the API. */
export type Play = (path: string, response: ServerResponse, request: IncomingMessage) => boolean | void;

export class PlayedEngine {
  /** `METHOD /path`, without the query. */
  readonly requests: string[] = [];
  readonly #server = createServer((request, response) => this.#serve(request, response));
  play: Play;

  private constructor(play: Play) {
    this.play = play;
  }

  static async start(play: Play): Promise<PlayedEngine> {
    const engine = new PlayedEngine(play);
    engine.#server.listen(0, '127.0.0.1');
    await once(engine.#server, 'listening');
    return engine;
  }

  get target(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? '').replace(/^\/v[\d.]+/, ''));
    this.requests.push(`${request.method} ${path.split('?')[0]}`);
    request.resume();
    if (this.play(path, response, request) !== true) response.writeHead(404).end('{"message":"no such image"}');
  }
}

export function answer(response: ServerResponse, value: unknown, status = 200): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  return true;
}
