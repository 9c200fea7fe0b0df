/** The agent's RPC port as manager 1.4 calls it: a ROUTER, calls side by side, replies in any order. */
import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Router } from 'zeromq';
import { BerthError, isBerthError } from '@berth/wire';
import { sleep, systemClock, type Clock } from '@berth/base';
import { type Logger } from '../../ports/logger.js';
import { bindSocket } from './bind.js';
import { DEFAULT_MSGPACK_LIMITS } from './msgpack-limits.js';
import { type Packable } from './msgpack-value.js';
import { pack } from './msgpack-writer.js';
import { bindArguments, type BoundArguments } from './parameters.js';
import { pythonRepr } from './python-repr.js';
import { QuietWarnings } from './quiet-warnings.js';
import { ReplyOutbox } from './reply-outbox.js';
import { errorTriple, RpcError } from './rpc-error.js';
import { parseRequest, replyHeader, type RpcRequest } from './rpc-frames.js';
import { DeliveredResult, type RpcMethod, type RpcMethods } from './rpc-method.js';
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './rpc-limits.js';
import { type ZapGate } from './zap-gate.js';

/** What the original lingers, in milliseconds. */
const LINGER_MS = 200;

export interface RpcServerOptions {
  /** `tcp://*:6001`, `tcp://127.0.0.1:6001`, `tcp://[::1]:6001`; port 0 takes a free one. */
  readonly bind: string;
  /** Who may call. The server does not close it. */
  readonly gate: ZapGate;
  readonly methods: RpcMethods;
  readonly logger: Logger;
  readonly limits?: Partial<RpcLimits>;
  readonly clock?: Clock;
}

/** Counted since the start. */
export interface RpcCounters {
  readonly calls: number;
  /** Calls that were answered by an error. */
  readonly errors: number;
  /** Replies that reached nobody. */
  readonly undelivered: number;
  /** Requests dropped without a reply, by kind. */
  readonly dropped: Readonly<Record<string, number>>;
}

export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #limits: RpcLimits;
  readonly #clock: Clock;
  readonly #warnings: QuietWarnings;
  readonly #stopping = new AbortController();
  readonly #random = randomInt(0x1_0000);
  #running: { readonly socket: Router; readonly outbox: ReplyOutbox; readonly reading: Promise<void> } | undefined;
  #inFlight = 0;
  #bytesInFlight = 0;
  #whenIdle: (() => void) | undefined;
  #counters = { calls: 0, errors: 0, undelivered: 0 };

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_RPC_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#warnings = new QuietWarnings(options.logger, this.#clock);
    setMaxListeners(0, this.#stopping.signal);
  }

  get counters(): RpcCounters {
    return { ...this.#counters, dropped: this.#warnings.counts };
  }

  /** Where it listens, with the real port. Throws when it does not. */
  get address(): string {
    const endpoint = this.#running?.socket.lastEndpoint;
    if (!endpoint) throw new BerthError('internal', 'The RPC server does not listen.');
    return endpoint;
  }

  /** Listens and answers. Rejects with `port-in-use`, or `bad-config` for an address that this machine does not have. */
  async start(): Promise<void> {
    const socket = await bindSocket(this.#options.bind, () => this.#newSocket());
    const outbox = new ReplyOutbox(socket, this.#limits, this.#clock);
    this.#running = { socket, outbox, reading: this.#read(socket, outbox) };
  }

  /** Stops taking calls, aborts those under way, waits for them up to `stopMs`, and closes. Again: does nothing. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running || this.#stopping.signal.aborted) return;
    this.#stopping.abort(new BerthError('shutting-down', 'The agent is stopping.'));
    const waiting = new AbortController();
    const idle = new Promise<void>((resolve) => (this.#whenIdle = resolve));
    if (this.#inFlight > 0) await Promise.race([idle, sleep(this.#limits.stopMs, waiting.signal, this.#clock).catch(() => {})]);
    waiting.abort();
    running.outbox.close();
    running.socket.close();
    this.#running = undefined;
    await running.reading;
  }

  #newSocket(): Router {
    return new Router({
      ...this.#options.gate.socketOptions,
      mandatory: true,
      linger: LINGER_MS,
      // See ReplyOutbox.
      sendTimeout: 0,
      sendHighWaterMark: this.#limits.repliesPerPeer,
      receiveHighWaterMark: this.#limits.requestsPerPeer,
      maxMessageSize: this.#limits.messageBytes,
      tcpKeepalive: 1,
      tcpKeepaliveIdle: 60,
    });
  }

  async #read(socket: Router, outbox: ReplyOutbox): Promise<void> {
    const limits = { ...DEFAULT_MSGPACK_LIMITS, bytes: this.#limits.messageBytes };
    for (;;) {
      try {
        const frames = await socket.receive();
        if (this.#stopping.signal.aborted) return;
        const request = parseRequest(frames, limits);
        if (typeof request === 'string') this.#warnings.note(request, 'a malformed request was dropped');
        else void this.#serve(request, outbox);
      } catch (error) {
        if (socket.closed) return;
        this.#warnings.note('receive', 'a request could not be received', { err: error });
        // It may be so for long, and must not cost a core.
        await sleep(100, undefined, this.#clock);
      }
    }
  }

  async #serve(request: RpcRequest, outbox: ReplyOutbox): Promise<void> {
    const admitted = this.#inFlight < this.#limits.callsInFlight && this.#bytesInFlight < this.#limits.bytesInFlight;
    this.#counters.calls++;
    this.#inFlight++;
    this.#bytesInFlight += request.bytes;
    try {
      const answer = admitted ? await this.#answer(request) : this.#failed(request, tooMany());
      const { id } = request;
      const header = replyHeader({ id, isError: answer.isError, now: this.#clock.now(), pid: process.pid, random: this.#random });
      const delivered = await outbox.deliver([...request.route, header, answer.body]);
      if (!delivered) this.#counters.undelivered++;
      answer.onDelivered?.(delivered);
    } catch (error) {
      this.#options.logger.error({ err: error, method: request.method }, 'what follows a reply failed');
    } finally {
      this.#inFlight--;
      this.#bytesInFlight -= request.bytes;
      if (this.#inFlight === 0) this.#whenIdle?.();
    }
  }

  async #answer(request: RpcRequest): Promise<Answer> {
    let onDelivered: Answer['onDelivered'];
    try {
      const method = this.#find(request.method);
      const args = bindAny(method, request);
      const result = await method.call(args, { method: request.method, signal: this.#stopping.signal });
      if (result instanceof DeliveredResult) onDelivered = result.onDelivered;
      const value: Packable = result instanceof DeliveredResult ? result.value : (result ?? null);
      return { isError: false, body: pack(value), onDelivered };
    } catch (error) {
      if (onDelivered) onDelivered(false);
      return this.#failed(request, error);
    }
  }

  #find(name: string): RpcMethod {
    const { methods } = this.#options;
    if (!Object.hasOwn(methods, name)) throw new RpcError('aiozmq.rpc.base.NotFoundError', name);
    return methods[name]!;
  }

  #failed({ method }: RpcRequest, error: unknown): Answer {
    this.#counters.errors++;
    if (error instanceof RpcError || isBerthError(error))
      this.#options.logger.debug({ method, err: error }, 'a call was answered by an error');
    else this.#options.logger.error({ method, err: error }, 'a method failed in a way that it does not know');
    return { isError: true, body: packTriple(error) };
  }
}

interface Answer {
  readonly isError: boolean;
  readonly body: Buffer;
  readonly onDelivered?: ((delivered: boolean) => void) | undefined;
}

const tooMany = () => new RpcError('builtins.RuntimeError', 'too many calls at once');

function packTriple(error: unknown): Buffer {
  try {
    return pack(errorTriple(error));
  } catch {
    const text = error instanceof RpcError ? error.args.map(pythonRepr).join(', ') : 'an error that cannot be told';
    return pack(errorTriple(new RpcError('builtins.RuntimeError', text)));
  }
}

function bindAny({ parameters, alternatives = [] }: RpcMethod, { args, kwargs }: RpcRequest): BoundArguments {
  try {
    return bindArguments(parameters, args, kwargs);
  } catch (error) {
    for (const list of alternatives) {
      try {
        return bindArguments(list, args, kwargs);
      } catch {
        continue;
      }
    }
    throw error;
  }
}
