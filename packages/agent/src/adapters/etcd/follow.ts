/** Following keys: a look, then a watch from the revision of that look; when the watch ends, for whatever reason, a new look. */
import { backoffDelay, sleep, type Clock } from '@berth/base';
import type { KeyState } from '../../ports/coordinator.js';

/** Keys at one moment of the store. */
export interface Look {
  readonly states: readonly KeyState[];
  readonly revision: string;
}

export interface Watched {
  look(signal: AbortSignal): Promise<Look>;
  /** All changes after `revision`. Rejects when it can tell no further, for example because `revision` has been compacted. */
  watch(revision: string, signal: AbortSignal): AsyncIterable<KeyState>;
}

const BACKOFF = { minMs: 100, maxMs: 5_000 };
/** A watch that lived for so long was a good one. */
const STABLE_MS = 10_000;

/** See `Coordinator.follow`. */
export async function* follow({ look, watch }: Watched, signal: AbortSignal, clock: Clock): AsyncGenerator<KeyState> {
  const told = new Map<string, string | null>();
  for (let attempt = 0; !signal.aborted; attempt++) {
    let began = Infinity;
    try {
      const { states, revision } = await look(signal);
      for (const state of states) {
        if (told.get(state.key) === state.value) continue;
        told.set(state.key, state.value);
        yield state;
      }
      began = clock.monotonic();
      for await (const state of watch(revision, signal)) {
        told.set(state.key, state.value);
        yield state;
      }
    } catch {
      // What is wrong with the store is told by the looks, and logged there.
    }
    if (clock.monotonic() - began > STABLE_MS) attempt = 0;
    await sleep(backoffDelay(attempt, BACKOFF), signal, clock).catch(() => {});
  }
}
