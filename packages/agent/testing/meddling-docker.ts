/**
 * Stands before a Docker Engine on a Unix socket of its own and meddles: it changes what containers are made with, so that single
 * protections of a driver are switched off, and answers in the engine's place, late, or not at all.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { systemClock } from '@berth/base';

/** Body of a request to create a container, as far as it is changed. */
export interface CreateBody {
  readonly HostConfig: Record<string, unknown>;
}

/**
 * What happens to one request:
 *
 * - `refuse`: answered with this status and body; the engine never hears of it.
 * - `garble`: the engine does it, and its answer is lost: the caller gets this body with status 200 instead.
 * - `afterMs`: it reaches the engine so much later.
 * - `swallow`: nobody ever answers. `twice`: every piece of the answer comes twice.
 */
export type Fault =
  | { readonly refuse: number; readonly body: string }
  | { readonly garble: string }
  | { readonly afterMs: number }
  | 'swallow'
  | 'twice';

export interface Meddling {
  readonly edit?: (body: CreateBody) => CreateBody;
  /** Asked for each request; undefined: it passes. The path is without the version of the API. */
  readonly fault?: (method: string, path: string) => Fault | undefined;
}

export class MeddlingDocker {
  /** May be changed at any time. */
  meddling: Meddling;
  readonly #server: Server;
  readonly #engine: string;

  private constructor(engine: string, meddling: Meddling) {
    this.#engine = engine;
    this.meddling = meddling;
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  /** Listens on the Unix socket `path`, before the engine on the socket `engine`. */
  static async start(path: string, engine: string, meddling: Meddling = {}): Promise<MeddlingDocker> {
    const docker = new MeddlingDocker(engine, meddling);
    docker.#server.listen(path);
    await once(docker.#server, 'listening');
    return docker;
  }

  /** Breaks all connections, also those on which events come; new ones are served. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { url = '', method = 'GET' } = incoming;
    const path = url.replace(/^\/v[\d.]+/, '').replace(/\?.*$/, '');
    const { edit, fault } = this.meddling;
    const what = fault?.(method, path);
    if (what === 'swallow') return;
    if (typeof what === 'object' && 'refuse' in what) {
      incoming.resume();
      outgoing.writeHead(what.refuse, { 'content-type': 'application/json' }).end(what.body);
      return;
    }
    if (typeof what === 'object' && 'afterMs' in what) await new Promise<void>((go) => void systemClock.after(what.afterMs, go));
    const body = edit && method === 'POST' && path === '/containers/create' ? await edited(incoming, edit) : undefined;
    this.#pass(incoming, outgoing, body, what);
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer | undefined, fault: Fault | undefined): void {
    const { url, method, headers: given } = incoming;
    const headers = { ...given };
    if (body) {
      delete headers['transfer-encoding'];
      headers['content-length'] = String(body.length);
    }
    const forward = request({ socketPath: this.#engine, path: url, method, headers }, (answer) => {
      if (typeof fault === 'object' && 'garble' in fault) {
        answer.resume().once('end', () => outgoing.writeHead(200).end(fault.garble));
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (fault === 'twice') answer.on('data', (piece: Buffer) => outgoing.write(piece));
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forward.destroy());
    if (body) forward.end(body);
    else incoming.pipe(forward);
  }
}

async function edited(incoming: IncomingMessage, edit: (body: CreateBody) => CreateBody): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.from(JSON.stringify(edit(JSON.parse(Buffer.concat(chunks).toString()) as CreateBody)));
}
