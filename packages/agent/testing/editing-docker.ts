/** Stands before a Docker Engine and changes what containers are made with: so single protections of a driver are switched off. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** Body of a request to create a container, as far as it is changed. */
export interface CreateBody {
  readonly HostConfig: Record<string, unknown>;
}

export class EditingDocker {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on the Unix socket `path`, before the engine on the socket `engine`. */
  static async start(path: string, engine: string, edit: (body: CreateBody) => CreateBody): Promise<EditingDocker> {
    const server = createServer((incoming, outgoing) => void pass(incoming, outgoing, engine, edit));
    server.listen(path);
    await once(server, 'listening');
    return new EditingDocker(server);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

async function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  engine: string,
  edit: (body: CreateBody) => CreateBody,
): Promise<void> {
  const { url = '', method = 'GET' } = incoming;
  const headers = { ...incoming.headers };
  const onward = (body: Buffer | undefined) => {
    if (body) headers['content-length'] = String(body.length);
    const forward = request({ socketPath: engine, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forward.destroy());
    if (body) forward.end(body);
    else incoming.pipe(forward);
  };
  if (method !== 'POST' || !/\/containers\/create(\?|$)/.test(url)) return onward(undefined);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  delete headers['transfer-encoding'];
  onward(Buffer.from(JSON.stringify(edit(JSON.parse(Buffer.concat(chunks).toString()) as CreateBody))));
}
