/** Input that the run has not confirmed yet: kept, so that a new connection can send it again. */
import { INPUT_WINDOW_BYTES } from '@berth/wire';

/** Largest piece: a frame of its own, far below the window. */
const PIECE_BYTES = 64 * 1024;

export interface InputPiece {
  /** Bytes of input before this piece. */
  readonly offset: number;
  readonly data: Uint8Array;
}

export class PendingInput {
  #pieces: InputPiece[] = [];
  #confirmed = 0;
  #length = 0;
  #ended = false;
  #abandoned = false;
  #waiting: (() => void)[] = [];

  /** Bytes of input so far, confirmed or not. */
  get length(): number {
    return this.#length;
  }

  /** True once there will be no more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What a new connection has to send, in order. */
  get pieces(): readonly InputPiece[] {
    return this.#pieces;
  }

  /**
   * Appends bytes, piece by piece as the window has room. Each is given to `send` in the turn in which it joins {@link pieces}:
   * a connection that begins later sends it itself, one that is there does so now.
   */
  async push(data: Uint8Array, send: (piece: InputPiece) => void): Promise<void> {
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      const part = data.subarray(at, at + PIECE_BYTES);
      while (!this.#abandoned && this.#length + part.length - this.#confirmed > INPUT_WINDOW_BYTES) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      if (this.#abandoned) return;
      const piece = { offset: this.#length, data: part };
      this.#pieces.push(piece);
      this.#length += part.length;
      send(piece);
    }
  }

  end(): void {
    this.#ended = true;
  }

  /** The run has taken its input up to byte `offset`. */
  confirm(offset: number): void {
    this.#confirmed = Math.max(this.#confirmed, Math.min(offset, this.#length));
    while (this.#pieces[0] && this.#pieces[0].offset + this.#pieces[0].data.length <= this.#confirmed) this.#pieces.shift();
    this.#wake();
  }

  /** Nobody takes input any more: what waits for room is dropped. */
  abandon(): void {
    this.#abandoned = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
