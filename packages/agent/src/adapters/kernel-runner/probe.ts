/**
 * Finds out whether a run of an earlier life is over. Pure but for its memory.
 *
 * The runner works off its queue in order, and a killed agent may have lost the message that told the run's end, or never have sent
 * the run. An empty `exec` and an empty `build` behind it are answered with `finished` and `build-finished` when the queue has come
 * so far:
 *
 *     finished  finished  build-finished     the run's own end, then the probe's answers
 *               finished  build-finished     the probe's answers alone: the run's end is lost
 *
 * So the first `finished` is held until the next message of the two kinds tells whose it was.
 */
export type ProbeAnswer =
  /** Nothing is decided yet. */
  | 'held'
  /** The run ended with the code held. */
  | { readonly ended: number }
  /** The run's end is lost. */
  | 'lost'
  /** The probe's own, of no further meaning. */
  | 'swallowed'
  /** Not the probe's business. */
  | 'other';

export const PROBE = [
  ['exec', ''],
  ['build', ''],
] as const;

export class Probe {
  #state: 'waiting' | 'held' | 'half' | 'over' = 'waiting';
  #held = 0;

  /** True while an answer of its own is to come: nothing else may be sent to the runner. */
  get open(): boolean {
    return this.#state !== 'over';
  }

  /** True while it is open whose the last `finished` was. */
  get holds(): boolean {
    return this.#state === 'held';
  }

  /** True when the next answer must follow at once. */
  get hurried(): boolean {
    return this.#state === 'held' || this.#state === 'half';
  }

  take(kind: 'finished' | 'build-finished', exitCode: number): ProbeAnswer {
    switch (this.#state) {
      case 'waiting':
        if (kind === 'build-finished') return 'other';
        this.#state = 'held';
        this.#held = exitCode;
        return 'held';
      case 'held':
        this.#state = kind === 'finished' ? 'half' : 'over';
        return kind === 'finished' ? { ended: this.#held } : 'lost';
      case 'half':
        if (kind === 'build-finished') this.#state = 'over';
        return 'swallowed';
      case 'over':
        return 'other';
    }
  }

  /** The answer did not come: the probe itself was never sent. */
  giveUp(): ProbeAnswer {
    const held = this.#state === 'held';
    this.#state = 'over';
    return held ? { ended: this.#held } : 'swallowed';
  }
}
