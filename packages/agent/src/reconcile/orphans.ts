/** Which containers of ours belong to nobody, and when they may go. Pure. */
import type { Observation } from '../ports/driver.js';

/** How long an orphan is only reported: time for a person to see what happened to its journal. */
export const ORPHAN_GRACE_MS = 10 * 60_000;

export interface OrphanVerdict {
  /** Seen for the first time: to be reported. */
  readonly report: readonly Observation[];
  /** Known for longer than the grace: to be removed. */
  readonly remove: readonly Observation[];
  /** When each present orphan was first seen, by container id. */
  readonly firstSeen: ReadonlyMap<string, number>;
}

/**
 * @param listed a complete listing of this owner's containers
 * @param known true for a kernel that lives, or whose journal was set aside: its container is not ours to judge
 */
export function judgeOrphans(
  listed: readonly Observation[],
  known: (observation: Observation) => boolean,
  firstSeen: ReadonlyMap<string, number>,
  now: number,
): OrphanVerdict {
  const orphans = listed.filter((observation) => !known(observation));
  const since = new Map(orphans.map((o) => [o.containerId, firstSeen.get(o.containerId) ?? now]));
  return {
    report: orphans.filter((o) => !firstSeen.has(o.containerId)),
    remove: orphans.filter((o) => now - since.get(o.containerId)! >= ORPHAN_GRACE_MS),
    firstSeen: since,
  };
}
