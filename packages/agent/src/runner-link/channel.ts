/** One open link: requests with replies, and record channels. */
import type { Socket } from 'node:net';
import { systemClock, type FrameDecoder } from '@berth/base';
import {
  BerthError,
  decodeJsonPayload,
  encodeFrames,
  encodeJsonFrame,
  errorFromBody,
  FRAME,
  frameHeader,
  parseFrame,
  recordTypeOf,
  SERVICES_SINCE,
  TUNNEL_WINDOW_BYTES,
  type AttachOptions,
  type Frame,
  type Hello,
  type RunId,
  type RunnerMethod,
  type RunnerMethods,
  type RunnerReply,
  type RunStream,
  type Tunnel,
} from '@berth/wire';
import type { RunnerChannel } from '../ports/channel.js';
import { PartCollector } from './parts.js';
import { ChannelStream } from './stream.js';
import { LinkTunnel } from './tunnel.js';

const CALL_MS = 10_000;
const WINDOW_BYTES = 4 * 1024 * 1024;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class SocketChannel implements RunnerChannel {
  readonly hello: Hello;
  readonly closed: Promise<string>;
  readonly #socket: Socket;
  readonly #decoder: FrameDecoder;
  readonly #calls = new Map<number, PendingCall>();
  readonly #streams = new Map<number, ChannelStream>();
  readonly #tunnels = new Map<number, LinkTunnel>();
  readonly #replyParts = new PartCollector();
  readonly #tellClosed: (why: string) => void;
  #nextId = 1;
  #gone: BerthError | undefined;

  /** `socket` is paused after the hello; `decoder` may hold the beginning of the next frame. */
  constructor(socket: Socket, decoder: FrameDecoder, hello: Hello) {
    this.#socket = socket;
    this.#decoder = decoder;
    this.hello = hello;
    let tell!: (why: string) => void;
    this.closed = new Promise((resolve) => (tell = resolve));
    this.#tellClosed = tell;
    socket.once('close', () => this.#end('the runner closed the connection'));
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.resume();
  }

  call<Method extends RunnerMethod>(
    method: Method,
    params: RunnerMethods[Method]['params'],
    { timeoutMs = CALL_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<RunnerMethods[Method]['result']> {
    if (this.#gone) return Promise.reject(this.#gone);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.#nextId++;
    // By hand, not by withDeadline: an abort controller and a race for each call are a tenth of a round trip.
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#calls.delete(id);
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const onAbort = () => fail(signal!.reason as Error);
      const timer = systemClock.after(timeoutMs, () =>
        fail(new BerthError('timeout', `the runner (${method}) did not answer within ${timeoutMs} ms`)),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      const answered = (result: unknown) => {
        settle();
        resolve(result as RunnerMethods[Method]['result']);
      };
      this.#calls.set(id, { resolve: answered, reject: fail });
      this.#socket.write(encodeJsonFrame(FRAME.request, 0, { id, method, params }));
    });
  }

  async attach(run: RunId, options: AttachOptions): Promise<RunStream> {
    if (this.#gone) throw this.#gone;
    const channel = this.#nextId++;
    const stream = new ChannelStream({
      ack: (seq) => {
        if (!this.#gone) this.#socket.write(frameHeader(FRAME.ack, channel, seq, 0));
      },
      close: () => {
        if (this.#streams.delete(channel) && !this.#gone) void this.call('unsubscribe', { channel }).catch(() => {});
      },
    });
    // Before the request: records may arrive in the same chunk as the reply.
    this.#streams.set(channel, stream);
    try {
      const { from, windowBytes = WINDOW_BYTES } = options;
      const view = await this.call('subscribe', { channel, run, from, window: windowBytes });
      // The runner ends a channel with the last record; who has that one already would wait for ever.
      if (view.finished !== null && from > view.highest) stream.close();
    } catch (error) {
      // Also tells the runner: a subscription whose answer came too late must not hold up the run.
      stream.close();
      throw error;
    }
    return stream;
  }

  async connect(port: number, signal?: AbortSignal): Promise<Tunnel> {
    if (this.#gone) throw this.#gone;
    requireServices(this.hello);
    const channel = this.#nextId++;
    const tunnel = new LinkTunnel({
      send: (type, seq, payload) => {
        if (!this.#gone) this.#socket.write(encodeFrames(type, channel, seq, payload));
      },
      gone: () => this.#tunnels.delete(channel),
    });
    this.#tunnels.set(channel, tunnel);
    try {
      const { window } = await this.call('connect', { channel, port, window: TUNNEL_WINDOW_BYTES }, signal ? { signal } : {});
      tunnel.opened(window);
    } catch (error) {
      // Also tells the runner: an answer that came too late must not leave a connection open.
      tunnel.close();
      throw error;
    }
    return tunnel;
  }

  async definition(name: string): Promise<string | null> {
    requireServices(this.hello);
    return (await this.call('definition', { name })).text;
  }

  close(): void {
    this.#end('the link was closed');
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    try {
      for (const body of this.#decoder.push(chunk)) this.#frame(parseFrame(body));
    } catch (error) {
      // What cannot be understood ends the link, never the agent.
      this.#end(`the runner sent something odd: ${(error as Error).message}`);
      this.#socket.destroy();
    }
    for (const stream of this.#streams.values()) stream.flush();
  }

  #frame(frame: Frame): void {
    if (recordTypeOf(frame.type) !== undefined) return this.#streams.get(frame.channel)?.record(frame);
    if (frame.type === FRAME.reply) {
      const parts = this.#replyParts.add(frame);
      if (parts) this.#reply(decodeJsonPayload(Buffer.concat(parts.map((part) => part.payload))) as RunnerReply);
      return;
    }
    const tunnel = this.#tunnels.get(frame.channel);
    if (tunnel) return tunnel.receive(frame, errorOfEnd(frame));
    if (frame.type === FRAME.end) {
      // Understood first: a stream that is off the list would not hear of an odd end.
      const error = errorOfEnd(frame);
      this.#streams.get(frame.channel)?.end(error);
      this.#streams.delete(frame.channel);
    }
  }

  #reply(reply: RunnerReply): void {
    const call = this.#calls.get(reply.id);
    if (!call) return;
    if ('error' in reply) call.reject(errorFromBody(reply.error));
    else call.resolve(reply.result);
  }

  #end(why: string): void {
    if (this.#gone) return;
    this.#gone = new BerthError('runner-lost', why);
    for (const call of this.#calls.values()) call.reject(this.#gone);
    for (const stream of this.#streams.values()) stream.end(this.#gone);
    for (const tunnel of this.#tunnels.values()) tunnel.lose(this.#gone);
    this.#calls.clear();
    this.#streams.clear();
    // In the same turn: whoever seeks a new link because of the above must not be handed this one again and again.
    this.#tellClosed(why);
  }
}

const errorOfEnd = ({ type, payload }: Frame): BerthError | undefined =>
  type === FRAME.end && payload.length > 0 ? errorFromBody(decodeJsonPayload(payload)) : undefined;

function requireServices({ max }: Hello): void {
  if (max >= SERVICES_SINCE) return;
  throw new BerthError('runner-incompatible', 'this session was started by an older Berth, whose sessions have no services');
}
