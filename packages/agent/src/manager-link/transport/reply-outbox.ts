/**
 * The way out for replies. One socket serves all peers, so nothing may wait in it for one of them: a send that cannot be made at
 * once fails at once, and its reply is held here, in a line per peer.
 */
import { type Clock, type Timer } from '@berth/base';

const RETRY_MS = 10;

/** What is needed of a ROUTER with `mandatory` on and a send timeout of 0: a send is over when the call returns. */
export interface ReplySocket {
  /** Rejects with code `EAGAIN` when the peer does not read, `EHOSTUNREACH` when it is gone. */
  send(frames: Buffer[]): Promise<void>;
}

export interface OutboxLimits {
  /** Milliseconds that a reply is held for a peer that does not read. */
  readonly holdMs: number;
  /** Replies held for one peer. */
  readonly heldPerPeer: number;
  /** Bytes held for all peers. */
  readonly heldBytes: number;
}

interface Held {
  readonly frames: Buffer[];
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly until: number;
  readonly settle: (delivered: boolean) => void;
}

export class ReplyOutbox {
  readonly #socket: ReplySocket;
  readonly #limits: OutboxLimits;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Held[]>();
  #heldBytes = 0;
  #retry: Timer | undefined;
  #closed = false;

  constructor(socket: ReplySocket, limits: OutboxLimits, clock: Clock) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Number of replies that are held now. */
  get held(): number {
    let count = 0;
    for (const line of this.#lines.values()) count += line.length;
    return count;
  }

  /**
   * Sends `frames`, the first of which names the peer. Resolves with whether they were handed to a connection whose other end was
   * there. Never rejects.
   */
  async deliver(frames: Buffer[]): Promise<boolean> {
    const peer = frames[0]!.toString('latin1');
    const outcome = this.#lines.has(peer) ? 'full' : await this.#attempt(frames);
    if (outcome !== 'full') return outcome === 'sent';
    return new Promise((resolve) => this.#hold(peer, frames, resolve));
  }

  /** Gives up what is held. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    for (const [peer, line] of this.#lines) for (const held of [...line]) this.#settle(peer, held, false);
  }

  async #attempt(frames: Buffer[]): Promise<'sent' | 'full' | 'gone'> {
    try {
      await this.#socket.send(frames);
      return 'sent';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'full' : 'gone';
    }
  }

  #hold(peer: string, frames: Buffer[], settle: (delivered: boolean) => void): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const line = this.#lines.get(peer) ?? [];
    const { heldPerPeer, heldBytes, holdMs } = this.#limits;
    if (this.#closed || line.length >= heldPerPeer || this.#heldBytes + bytes > heldBytes) return settle(false);
    line.push({ frames, bytes, until: this.#clock.monotonic() + holdMs, settle });
    this.#lines.set(peer, line);
    this.#heldBytes += bytes;
    this.#retry ??= this.#clock.after(RETRY_MS, () => void this.#tryAgain());
  }

  async #tryAgain(): Promise<void> {
    await Promise.all([...this.#lines].map(([peer, line]) => this.#drain(peer, line)));
    this.#retry = undefined;
    if (this.#lines.size > 0 && !this.#closed) this.#retry = this.#clock.after(RETRY_MS, () => void this.#tryAgain());
  }

  async #drain(peer: string, line: Held[]): Promise<void> {
    for (let held = line[0]; held && !this.#closed; held = line[0]) {
      const outcome = await this.#attempt(held.frames);
      if (outcome === 'full' && this.#clock.monotonic() < held.until) return;
      this.#settle(peer, held, outcome === 'sent');
    }
  }

  #settle(peer: string, held: Held, delivered: boolean): void {
    const line = this.#lines.get(peer);
    const index = line?.indexOf(held) ?? -1;
    if (!line || index < 0) return;
    line.splice(index, 1);
    if (line.length === 0) this.#lines.delete(peer);
    this.#heldBytes -= held.bytes;
    held.settle(delivered);
  }
}
