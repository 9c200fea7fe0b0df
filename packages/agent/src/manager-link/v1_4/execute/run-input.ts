/** Input for one run: pieces in order, each at its offset, so that none is taken twice. */
import { isBerthError, type KernelId, type KernelService, type RunId } from '@berth/wire';

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
        const offset = this.#sent ?? (await this.#taken(run));
        const data = Buffer.from(text);
        this.#sent = offset + data.length;
        await this.#service.sendInput(this.#kernel, run, offset, data, false);
      })
      .catch((error: unknown) => {
        this.#sent = undefined;
        onFailure(error);
      });
  }

  /**
   * Bytes that the run has. Input that would leave a hole is refused, and the refusal says where it goes on: so nothing is asked in a
   * way that could be taken for an answer.
   */
  async #taken(run: RunId): Promise<number> {
    try {
      return await this.#service.sendInput(this.#kernel, run, Number.MAX_SAFE_INTEGER, NOTHING, false);
    } catch (error) {
      const taken = isBerthError(error) && error.code === 'bad-request' ? error.fields['taken'] : undefined;
      if (typeof taken === 'number') return taken;
      if (!isBerthError(error) || error.code !== 'bad-request') throw error;
      // A runner of an earlier build: it skips what it has, and nothing is not an answer to it.
      return this.#service.sendInput(this.#kernel, run, 0, NOTHING, false);
    }
  }
}
