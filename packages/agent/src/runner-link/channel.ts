/** One open link: requests with replies, and record channels. */
import type { Socket } from 'node:net';
import { FrameError, withDeadline, type FrameDecoder } from '@berth/base';
import {
  BerthError,
  decodeJsonPayload,
  encodeJsonFrame,
  errorFromBody,
  FRAME,
  frameHeader,
  recordTypeOf,
  type AttachOptions,
  type Frame,
  type Hello,
  type RunId,
  type RunnerMethod,
  type RunnerMethods,
  type RunnerReply,
  type RunStream,
} from '@berth/wire';
import type { RunnerChannel } from '../ports/channel.js';
import { parseFrame } from './frames.js';
import { ChannelStream } from './stream.js';

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
  #nextId = 1;
  #gone: BerthError | undefined;

  /** `socket` is paused after the hello; `decoder` may hold the beginning of the next frame. */
  constructor(socket: Socket, decoder: FrameDecoder, hello: Hello) {
    this.#socket = socket;
    this.#decoder = decoder;
    this.hello = hello;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#end('the runner closed the connection');
        resolve(this.#gone!.message);
      });
    });
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.resume();
  }

  async call<Method extends RunnerMethod>(
    method: Method,
    params: RunnerMethods[Method]['params'],
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<RunnerMethods[Method]['result']> {
    if (this.#gone) throw this.#gone;
    const id = this.#nextId++;
    try {
      return (await withDeadline(
        `the runner (${method})`,
        options.timeoutMs ?? CALL_MS,
        () =>
          new Promise<unknown>((resolve, reject) => {
            this.#calls.set(id, { resolve, reject });
            this.#socket.write(encodeJsonFrame(FRAME.request, 0, { id, method, params }));
          }),
        options.signal,
      )) as RunnerMethods[Method]['result'];
    } finally {
      this.#calls.delete(id);
    }
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
      await this.call('subscribe', { channel, run, from: options.from, window: options.windowBytes ?? WINDOW_BYTES });
    } catch (error) {
      this.#streams.delete(channel);
      throw error;
    }
    return stream;
  }

  close(): void {
    this.#end('the link was closed');
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    let bodies: Buffer[];
    try {
      bodies = this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#socket.destroy(error);
      return;
    }
    for (const body of bodies) this.#frame(parseFrame(body));
    for (const stream of this.#streams.values()) stream.flush();
  }

  #frame(frame: Frame): void {
    if (recordTypeOf(frame.type) !== undefined) return this.#streams.get(frame.channel)?.record(frame);
    if (frame.type === FRAME.reply) return this.#reply(decodeJsonPayload(frame.payload) as RunnerReply);
    if (frame.type === FRAME.end) {
      const stream = this.#streams.get(frame.channel);
      this.#streams.delete(frame.channel);
      stream?.end(frame.payload.length === 0 ? undefined : errorFromBody(decodeJsonPayload(frame.payload)));
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
    this.#calls.clear();
    this.#streams.clear();
  }
}
