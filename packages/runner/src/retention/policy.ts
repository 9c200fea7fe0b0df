/** Where the next output of a run goes. Pure; the rules are the Retention table of docs/runner-protocol.md. */

/** What decides. */
export interface Situation {
  /** The memory of the runner has room for it. */
  readonly memory: boolean;
  /** The run's budget on disk has room for it, and the disk takes it. */
  readonly disk: boolean;
  /** A channel is open on the run. */
  readonly listening: boolean;
  /** The channel has not made room in memory for a while. */
  readonly lagging: boolean;
  readonly durable: boolean;
  /** An agent is connected. */
  readonly agent: boolean;
}

export type Placement = 'memory' | 'disk' | 'elide' | 'block';

export function place({ memory, disk, listening, lagging, durable, agent }: Situation): Placement {
  if (memory) return 'memory';
  // A reader that takes all it is given is faster than a disk: then the program waits a moment for it instead.
  if (disk && (!listening || lagging)) return 'disk';
  return listening || durable || !agent ? 'block' : 'elide';
}

/** A piece of the log as the elision sees it. */
export interface Piece {
  readonly length: number;
  /** Stands for what was dropped earlier. */
  readonly gap: boolean;
}

/**
 * Which pieces to drop so that about `headBytes` at the beginning and `tailBytes` at the end stay: from `begin` up to, not
 * including, `end`. An earlier gap ends the head, so that there is never more than one. Empty when `begin >= end`.
 */
export function middleOf(
  pieces: readonly Piece[],
  headBytes: number,
  tailBytes: number,
): { readonly begin: number; readonly end: number } {
  let begin = 0;
  for (let left = headBytes; begin < pieces.length; begin++) {
    const { length, gap } = pieces[begin]!;
    if (gap || length > left) break;
    left -= length;
  }
  let end = pieces.length;
  for (let left = tailBytes; end > begin; end--) {
    const { length, gap } = pieces[end - 1]!;
    if (gap || length > left) break;
    left -= length;
  }
  return { begin, end };
}
