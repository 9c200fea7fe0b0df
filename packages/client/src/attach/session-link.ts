/** A WebSocket that stays open for many runs of a session. */
import { FRAME, LINK_CHANNELS, MAX_FRAME_PAYLOAD, newRunId } from '@berth/wire';
import type { BodyOf } from '@berth/wire/http';
import type { NodeAddress } from '../http.js';
import type { Patience } from '../patience.js';
import { Attachment } from './attachment.js';
import type { Connection } from './connection.js';
import { NodeSocket } from './node-socket.js';
import { ownConnection } from './own-connection.js';

type WithOptionalId<R> = R extends unknown ? Omit<R, 'runId'> & { readonly runId?: string } : never;

/** What to run; without a `runId` one is chosen. */
export type LinkedRun = WithOptionalId<BodyOf<'startRun'>>;

/** What a link needs of its client. */
export interface LinkClient {
  readonly address: () => Promise<NodeAddress>;
  readonly startRun: (request: BodyOf<'startRun'>) => Promise<unknown>;
  readonly options: (options: Patience) => Patience;
}

/**
 * Runs begin in the order of {@link run}. A run that outlives the connection goes on over one of its own, with its next
 * record; so does a run that found no room on the link (64 at once, 1 MiB each), or no link any more: it begins when it is iterated.
 */
export class SessionLink {
  readonly #session: string;
  readonly #client: LinkClient;
  readonly #socket: NodeSocket;
  #lastChannel = 0;

  private constructor(session: string, client: LinkClient, socket: NodeSocket) {
    this.#session = session;
    this.#client = client;
    this.#socket = socket;
  }

  /** Errors: `no-such-session`, `node-lost`, `unauthorized`. */
  static async open(session: string, client: LinkClient): Promise<SessionLink> {
    const path = `/v1/sessions/${encodeURIComponent(session)}/link`;
    const { signal } = client.options({});
    return NodeSocket.open(await client.address(), path, (socket) => new SessionLink(session, client, socket), signal);
  }

  /** Starts a run at once and follows it: iterate what comes back, to its end or until nothing more is wanted. */
  run(request: LinkedRun, options: Patience = {}): Attachment {
    const known = { ...request, runId: request.runId ?? newRunId() } as BodyOf<'startRun'>;
    const followed = this.#client.options(options);
    let linked = this.#begin(known, followed.signal);
    const open = async (from: number): Promise<Connection> => {
      const first = linked;
      linked = undefined;
      if (first) return first;
      // Without a record, nothing says that it was started; starting it twice does no harm.
      if (from === 1) await this.#client.startRun(known);
      return ownConnection(await this.#client.address(), this.#session, known.runId, from, followed.signal);
    };
    return new Attachment(open, followed);
  }

  /** Closes the connection; runs that are still iterated go on over connections of their own. */
  close(): void {
    this.#socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Sends the request on a new channel, where there is room for it. */
  #begin(request: BodyOf<'startRun'>, signal: AbortSignal | undefined): Connection | undefined {
    const body = new TextEncoder().encode(JSON.stringify(request));
    const socket = this.#socket;
    if (!socket.isOpen || socket.channels >= LINK_CHANNELS || body.length > MAX_FRAME_PAYLOAD || signal?.aborted)
      return undefined;
    const id = ++this.#lastChannel;
    const channel = socket.channel(id, (consumed) => {
      signal?.removeEventListener('abort', abort);
      socket.send(FRAME.end, id, consumed);
    });
    const abort = () => channel.lose(signal!.reason as Error);
    signal?.addEventListener('abort', abort);
    socket.send(FRAME.request, id, 0, body);
    return channel;
  }
}
