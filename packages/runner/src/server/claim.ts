/** Who may command this runner. Pure but for the state it keeps. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { RUNNER_PROTOCOL, type Welcome } from '@berth/wire';

export type Verdict = 'first' | 'again' | 'refused';

/** The first welcome claims the runner; later ones must know its token and be no older than the newest seen. */
export class Claim {
  #token: Buffer | undefined;
  #epoch = 0;

  get claimed(): boolean {
    return this.#token !== undefined;
  }

  judge({ version, token, epoch }: Pick<Welcome, 'version' | 'token' | 'epoch'>): Verdict {
    if (version < RUNNER_PROTOCOL.min || version > RUNNER_PROTOCOL.max) return 'refused';
    // Hashes have one length, which the comparison in constant time needs.
    const shown = createHash('sha256').update(token).digest();
    if (this.#token && (!timingSafeEqual(this.#token, shown) || epoch < this.#epoch)) return 'refused';
    const verdict = this.#token ? 'again' : 'first';
    this.#token = shown;
    this.#epoch = epoch;
    return verdict;
  }
}
