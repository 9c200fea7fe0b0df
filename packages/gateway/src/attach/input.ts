/** Input frames of a client to its run: in order, one call at a time, within a window. */
import { backoffDelay, sleep } from '@berth/base';
import { INPUT_WINDOW_BYTES, isBerthError, type KernelService } from '@berth/wire';
import type { RunTarget } from './target.js';

/** A client that sends more than it may, or leaves bytes out. */
export class InputRefused extends Error {
  override readonly name = 'InputRefused';
}

interface Piece {
  readonly offset: number;
  readonly data: Uint8Array;
  readonly end: boolean;
}

const RETRY = { minMs: 50, maxMs: 1000 };
/** The link to the runner is down just now; what was sent may be sent again. */
const PASSING = new Set<string>(['runner-lost', 'timeout']);

export class Input {
  readonly #service: KernelService;
  readonly #target: RunTarget;
  readonly #confirm: (offset: number) => void;
  readonly #stopped = new AbortController();
  #queue: Promise<void> = Promise.resolve();
  #pending = 0;
  #next: number | undefined;

  /** @param confirm told the offset up to which the run has taken its input */
  constructor(service: KernelService, target: RunTarget, confirm: (offset: number) => void) {
    this.#service = service;
    this.#target = target;
    this.#confirm = confirm;
  }

  /** Takes the next piece. The first one may begin anywhere: it follows what an earlier connection brought. Throws {@link InputRefused}. */
  push(offset: number, data: Uint8Array, end: boolean): void {
    if (this.#next !== undefined && offset !== this.#next) {
      throw new InputRefused(`input at offset ${offset} instead of ${this.#next}`);
    }
    if (this.#pending + data.length > INPUT_WINDOW_BYTES) throw new InputRefused('more input than the window holds');
    this.#next = offset + data.length;
    this.#pending += data.length;
    this.#queue = this.#queue.then(() => this.#deliver({ offset, data, end }));
  }

  /** Drops what was not delivered yet; the client has it and will send it again. */
  stop(): void {
    this.#stopped.abort();
  }

  async #deliver(piece: Piece): Promise<void> {
    for (let attempt = 0; !this.#stopped.signal.aborted; attempt++) {
      try {
        await this.#service.sendInput(this.#target.session, this.#target.run, piece.offset, piece.data, piece.end);
      } catch (error) {
        if (isBerthError(error) && PASSING.has(error.code)) {
          await sleep(backoffDelay(attempt, RETRY), this.#stopped.signal).catch(() => {});
          continue;
        }
        // Any other error says that the run takes no input any more: as with a closed pipe, the rest is dropped.
      }
      this.#pending -= piece.data.length;
      this.#confirm(piece.offset + piece.data.length);
      return;
    }
  }
}
