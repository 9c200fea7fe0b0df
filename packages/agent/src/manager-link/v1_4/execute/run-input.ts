/** Input for one run: pieces in order, each at its offset, so that none is taken twice. */
import type { KernelId, KernelService, RunId } from '@berth/wire';

const NOTHING = new Uint8Array(0);

export class RunInput {
  readonly #service: KernelService;
  readonly #kernel: KernelId;
  /** Bytes that the run has been sent; undefined: it has to be asked. */
  #sent: number | undefined;
  #turns: Promise<void> = Promise.resolve();

  /** `sent` is 0 for a run that was just started, undefined for one that an earlier life of the agent started. */
  constructor(service: KernelService, kernel: KernelId, sent: 0 | undefined) {
    this.#service = service;
    this.#kernel = kernel;
    this.#sent = sent;
  }

  /** Sends `text` once `begun` gives the id of the run. Not waited for: it is taken when the program reads. */
  send(begun: Promise<RunId>, text: string, onFailure: (error: unknown) => void): void {
    this.#turns = this.#turns
      .then(async () => {
        const run = await begun;
        // What the run already has is skipped, so nothing at offset 0 asks how much that is.
        const offset = this.#sent ?? (await this.#service.sendInput(this.#kernel, run, 0, NOTHING, false));
        const data = Buffer.from(text);
        this.#sent = offset + data.length;
        await this.#service.sendInput(this.#kernel, run, offset, data, false);
      })
      .catch((error: unknown) => {
        this.#sent = undefined;
        onFailure(error);
      });
  }
}
