/**
 * Events to the manager: a PUSH that connects to where the manager listens. The protocol has no receipts; nothing is lost all the same
 * while the manager is away, because events wait here and not in ZeroMQ, and what was sent shortly before a connection broke is
 * sent again. (A manager takes a repeated `kernel_terminated` as nothing new.)
 */
import { Push } from 'zeromq';
import { sleep, systemClock, type Clock } from '@berth/base';
import { type Logger } from '../../ports/logger.js';
import { hasPort } from './bind.js';
import { EventQueue, type QueuedEvent } from './event-queue.js';
import { type Packable } from './msgpack-value.js';
import { pack } from './msgpack-writer.js';
import { QuietWarnings } from './quiet-warnings.js';

/** What the original lingers, in milliseconds. */
const LINGER_MS = 50;
const CLOSE_MS = 200;
const QUEUE_LIMIT = 10_000;
/** Events in ZeroMQ's own hands: few, because they cannot be taken back when they are stale. */
const IN_HAND = 16;
/** When a machine loses its power, TCP says so after this time without an answer. */
const SILENCE_MS = 10_000;
/** What was sent less than this before a connection broke may not have arrived. */
const DOUBT_MS = 15_000;
/** A send waits that long for room before it looks again whether there is a connection. */
const SEND_MS = 500;
const RETRY_MS = 5;
const RECONNECT_MS = 100;
const SLOWEST_RECONNECT_MS = 1_000;
const CONNECT_MS = 5_000;
const ADDRESS = /^tcp:\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5}$/i;

export interface EventSocketOptions {
  /** Second frame of every event. */
  readonly instanceId: string;
  readonly logger: Logger;
  /** A connection to the manager is there: the first one, and each one after a break or a move. */
  readonly onConnected?: () => void;
  readonly clock?: Clock;
}

interface Line {
  readonly address: string;
  readonly socket: Push;
}

export class EventSocket {
  readonly #options: EventSocketOptions;
  readonly #clock: Clock;
  readonly #queue = new EventQueue(QUEUE_LIMIT);
  readonly #warnings: QuietWarnings;
  #inDoubt: { readonly event: QueuedEvent; readonly at: number }[] = [];
  #line: Line | undefined;
  #connected = false;
  /** Whether the next connection is worth a line in the log: a manager that comes and goes is told of once a minute. */
  #newsworthy = true;
  #pumping: Promise<void> | undefined;
  #closed = false;

  constructor(options: EventSocketOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#warnings = new QuietWarnings(options.logger, this.#clock);
  }

  /** Whether a connection to the manager is there now. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Number of events that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Kept events that were lost because ten thousand others waited. */
  get lost(): number {
    return this.#queue.lost;
  }

  /**
   * The manager is at `address` (`tcp://HOST:PORT`) from now on, or nowhere. Events that wait go to the new place. An address
   * that is none counts as nowhere: it comes from outside, and the next one may be right.
   */
  moveTo(address: string | null): void {
    if (this.#closed || address === (this.#line?.address ?? null)) return;
    this.#leave();
    if (address === null) return;
    try {
      if (!ADDRESS.test(address) || !hasPort(address)) throw new Error('not of the form tcp://HOST:PORT');
      this.#line = this.#connect(address);
    } catch (error) {
      this.#options.logger.warn({ address, err: error }, 'the address for events cannot be used');
    }
  }

  /**
   * Sends an event, now or when the manager is there. With `keep` it waits as long as that takes; without, only the latest of its
   * name does. Throws `MsgpackError` for arguments that cannot be written.
   */
  send(name: string, args: readonly Packable[], { keep }: { readonly keep: boolean }): void {
    if (this.#closed) return;
    const frames = [Buffer.from(name, 'latin1'), Buffer.from(this.#options.instanceId), pack(args)];
    const before = this.#queue.lost;
    this.#queue.push({ name, frames, keep });
    if (this.#queue.lost > before && before === 0)
      this.#options.logger.error({ waiting: this.#queue.length }, 'too many events wait for the manager: the oldest are lost');
    this.#pump();
  }

  /** Gives what waits up to 200 ms to leave, then closes. Again: does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const late = new AbortController();
    const tooLate = sleep(CLOSE_MS, late.signal, this.#clock).then(
      () => true,
      () => true,
    );
    while (this.#connected && this.#queue.length > 0) {
      this.#pump();
      if (await Promise.race([tooLate, this.#turn()])) break;
    }
    late.abort();
    this.#leave();
  }

  #connect(address: string): Line {
    const socket = new Push({
      linger: LINGER_MS,
      // Only to connections that are there.
      immediate: true,
      sendTimeout: SEND_MS,
      sendHighWaterMark: IN_HAND,
      ipv6: address.includes('['),
      reconnectInterval: RECONNECT_MS,
      reconnectMaxInterval: SLOWEST_RECONNECT_MS,
      connectTimeout: CONNECT_MS,
      tcpMaxRetransmitTimeout: SILENCE_MS,
    });
    const line = { address, socket };
    try {
      this.#newsworthy = true;
      void this.#watch(line).catch((error: unknown) =>
        this.#warnings.note('watch', 'the event socket tells no more', { err: error }),
      );
      socket.connect(address);
      return line;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  async #watch({ socket, address }: Line): Promise<void> {
    for await (const event of socket.events) {
      if (socket !== this.#line?.socket) return;
      if (event.type === 'handshake' && !this.#connected) {
        if (this.#newsworthy) this.#options.logger.info({ address }, 'connected to the manager for events');
        this.#newsworthy = false;
        this.#connected = true;
        this.#options.onConnected?.();
        this.#pump();
      } else if (event.type === 'disconnect' && this.#connected) {
        this.#newsworthy = this.#warnings.note('broken', 'the connection to the manager for events is broken', { address });
        this.#broken();
      }
    }
  }

  #broken(): void {
    this.#connected = false;
    this.#forgetArrived();
    this.#queue.restore(this.#inDoubt.map(({ event }) => event));
    this.#inDoubt = [];
  }

  #leave(): void {
    const line = this.#line;
    this.#line = undefined;
    if (this.#connected) this.#broken();
    line?.socket.close();
  }

  #pump(): void {
    if (this.#pumping || !this.#connected) return;
    this.#pumping = this.#sendAll().finally(() => {
      this.#pumping = undefined;
      // What came between the last look and now.
      if (this.#queue.length > 0) this.#pump();
    });
  }

  async #sendAll(): Promise<void> {
    for (let event = this.#queue.peek(); event && this.#connected; event = this.#queue.peek()) {
      const { socket } = this.#line!;
      try {
        await socket.send([...event.frames]);
      } catch {
        // Not taken in time, or the place was changed: look again at how things are.
        await sleep(RETRY_MS, undefined, this.#clock);
        continue;
      }
      // Broken or moved in that moment: it stays, to be sent again.
      if (!this.#connected || socket !== this.#line?.socket) continue;
      this.#queue.remove(event);
      this.#forgetArrived();
      if (event.keep) this.#inDoubt.push({ event, at: this.#clock.monotonic() });
    }
  }

  #forgetArrived(): void {
    const since = this.#clock.monotonic() - DOUBT_MS;
    while (this.#inDoubt[0] && this.#inDoubt[0].at < since) this.#inDoubt.shift();
  }

  /** Resolves when the sends under way are over, or a moment later. */
  async #turn(): Promise<void> {
    if (this.#pumping) await this.#pumping;
    else await sleep(1, undefined, this.#clock);
  }
}
