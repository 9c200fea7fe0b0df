/** Who may command this runner. Pure but for the state it keeps. */
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
    const shown = Buffer.from(token);
    if (this.#token && (!isSame(this.#token, shown) || epoch < this.#epoch)) return 'refused';
    const verdict = this.#token ? 'again' : 'first';
    this.#token = shown;
    this.#epoch = epoch;
    return verdict;
  }
}

/** In a time that does not tell where they differ. Not node:crypto's: loading that is a sixth of the time that a runner needs to start. */
function isSame(own: Buffer, shown: Buffer): boolean {
  let difference = own.length ^ shown.length;
  for (const [index, byte] of own.entries()) difference |= byte ^ (shown[index] ?? 0);
  return difference === 0;
}
