/** One connection of an agent, or of somebody who claims to be one: frames in, frames out, channels. */
import type { Socket } from 'node:net';
import { FrameDecoder } from '@berth/base';
import {
  BerthError,
  decodeJsonPayload,
  encodeJsonFrame,
  FRAME,
  FRAME_HEADER_BYTES,
  MAX_FRAME_LENGTH,
  MAX_JOINED_PAYLOAD,
  MOST_TUNNELS,
  parseFrame,
  toBerthError,
  type Frame,
  type RunId,
} from '@berth/wire';
import type { RetentionLog } from '../retention/log.js';
import { RecordChannel } from './channel.js';
import { header, type LinkChannel } from './link-channel.js';
import { Tunnel } from './tunnel.js';

/** Records are handed to the socket until so many bytes wait in it. */
const IN_FLIGHT_BYTES = 512 * 1024;

/** What a connection asks of its owner. */
export interface ConnectionOwner {
  /** A welcome came, not yet looked at. False: close. */
  welcome(connection: Connection, welcome: unknown): boolean;
  request(connection: Connection, method: unknown, params: unknown): Promise<unknown>;
  closed(connection: Connection): void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #decoder = new FrameDecoder({ min: FRAME_HEADER_BYTES - 4, max: MAX_FRAME_LENGTH });
  readonly #channels = new Map<number, LinkChannel>();
  /** Parts of a request that is not whole yet. */
  #parts: Uint8Array[] = [];
  #inFlight = 0;
  #welcomed = false;
  #closed = false;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#closed = true;
      for (const id of this.#channels.keys()) this.closeChannel(id);
      owner.closed(this);
    });
  }

  get welcomed(): boolean {
    return this.#welcomed;
  }

  /** Sends a control message. */
  send(type: number, channel: number, body: unknown): void {
    if (this.#closed) return;
    // Answers to requests that came together leave together, after the work that they began.
    this.#socket.cork();
    process.nextTick(() => this.#socket.uncork());
    this.#socket.write(encodeJsonFrame(type, channel, body));
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends what was written, then closes. */
  end(): void {
    this.#socket.end();
  }

  /** Opens a record channel; call {@link pump} after the reply. `bad-request` when the number is in use. */
  openChannel(id: number, log: RetentionLog, from: number, window: number): void {
    this.#open(new RecordChannel(id, log, from, window));
  }

  /** Opens a tunnel to a port of this kernel. Errors: `bad-request`, `too-many-tunnels`, `service-unreachable`. */
  async openTunnel(id: number, port: number, window: number): Promise<void> {
    const tunnels = [...this.#channels.values()].filter((channel) => channel instanceof Tunnel);
    if (tunnels.length >= MOST_TUNNELS) {
      throw new BerthError('too-many-tunnels', `this kernel has ${MOST_TUNNELS} open tunnels, which is the most`);
    }
    const tunnel = new Tunnel(id, window, {
      hasMore: () => this.pump(),
      confirm: (offset) => this.#socket.write(header(FRAME.ack, id, offset, 0)),
    });
    this.#open(tunnel);
    try {
      await tunnel.connect(port);
    } catch (error) {
      this.closeChannel(id);
      throw error;
    }
  }

  closeChannel(id: number): void {
    this.#channels.get(id)?.close();
    this.#channels.delete(id);
  }

  /** The run of these channels was forgotten. */
  endChannelsOf(log: RetentionLog, run: RunId): void {
    for (const channel of this.#channels.values()) {
      if (!(channel instanceof RecordChannel) || channel.log !== log) continue;
      this.closeChannel(channel.id);
      this.send(FRAME.end, channel.id, new BerthError('no-such-run', `run ${run} was forgotten`));
    }
  }

  /** Sends records, from each channel in turn, as far as windows and socket allow. */
  pump(): void {
    if (this.#channels.size === 0 || this.#closed) return;
    this.#socket.cork();
    for (let sent = true; sent;) {
      sent = false;
      for (const channel of this.#channels.values()) {
        if (this.#inFlight >= IN_FLIGHT_BYTES) break;
        if (this.#sendFrom(channel)) sent = true;
      }
    }
    this.#socket.uncork();
  }

  #open(channel: LinkChannel): void {
    if (this.#channels.has(channel.id)) throw new BerthError('bad-request', `channel ${channel.id} is in use`);
    this.#channels.set(channel.id, channel);
  }

  #sendFrom(channel: LinkChannel): boolean {
    const packet = channel.take();
    if (!packet) return false;
    this.#inFlight += packet.bytes;
    if (packet.last) this.closeChannel(channel.id);
    const last = packet.buffers.length - 1;
    packet.buffers.forEach((buffer, index) => {
      if (index < last) this.#socket.write(buffer);
    });
    this.#socket.write(packet.buffers[last]!, () => {
      packet.block?.release();
      this.#inFlight -= packet.bytes;
      this.pump();
    });
    return true;
  }

  #received(chunk: Buffer): void {
    try {
      for (const body of this.#decoder.push(chunk)) this.#frame(parseFrame(body));
    } catch {
      // What is no frame, or no message of ours, ends this connection and nothing else.
      this.close();
    }
  }

  #frame(frame: Frame): void {
    if (!this.#welcomed) {
      this.#welcomed = frame.type === FRAME.welcome && this.#owner.welcome(this, decodeJsonPayload(frame.payload));
      if (!this.#welcomed) this.close();
    } else if (frame.type === FRAME.request) this.#request(frame);
    else if (frame.type === FRAME.ack) this.#ack(frame);
    else this.#channels.get(frame.channel)?.receive?.(frame);
  }

  #ack({ channel: id, seq }: Frame): void {
    const channel = this.#channels.get(id);
    if (!channel) return;
    if (channel.confirm(seq)) this.closeChannel(id);
    this.pump();
  }

  #request({ payload, more }: Frame): void {
    this.#parts.push(payload);
    const bytes = this.#parts.reduce((sum, part) => sum + part.length, 0);
    if (bytes > MAX_JOINED_PAYLOAD) return this.close();
    if (more) return;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    const { id, method, params } = decodeJsonPayload(whole) as Record<string, unknown>;
    void this.#answer(id, method, params);
  }

  async #answer(id: unknown, method: unknown, params: unknown): Promise<void> {
    try {
      this.send(FRAME.reply, 0, { id, result: await this.#owner.request(this, method, params) });
    } catch (error) {
      this.send(FRAME.reply, 0, { id, error: toBerthError(error) });
    }
    this.pump();
  }
}
