/** One channel of a WebSocket: what came waits here until it is asked for. */
import type { Frame } from '@berth/wire';
import type { Connection } from './connection.js';

/** How a channel reaches the node. */
export type ChannelOwner = Pick<Connection, 'send' | 'close'>;

export class Channel implements Connection {
  readonly #owner: ChannelOwner;
  #batches: (readonly Frame[])[] = [];
  #lost: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(owner: ChannelOwner) {
    this.#owner = owner;
  }

  /** Frames of this channel arrived. */
  push(frames: readonly Frame[]): void {
    this.#batches.push(frames);
    this.#wake?.();
  }

  /** Nothing more can arrive. */
  lose(error: Error): void {
    this.#lost = error;
    this.#wake?.();
  }

  async *frames(): AsyncGenerator<readonly Frame[]> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch) yield batch;
      else if (this.#lost) throw this.#lost;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  send(type: number, seq: number, payload?: Uint8Array): void {
    this.#owner.send(type, seq, payload);
  }

  close(consumed: number): void {
    this.#owner.close(consumed);
  }
}
