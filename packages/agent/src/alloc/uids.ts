/** Which user a kernel's processes run as. Derived from the living kernels, so that there is nothing to keep and lose. */

/** First uid of the range and its size; above what distributions and their subordinate ranges usually hand out by default. */
export const UID_RANGE = { first: 1_900_000_000, count: 100_000 } as const;

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/**
 * An agent that is root gives each kernel a uid of its own, so that kernels are strangers to each other and to the host. An
 * ordinary agent gives its own, since it could not remove the files of another.
 */
export function chooseUser(agent: UserIds, taken: ReadonlySet<number>): UserIds {
  if (agent.uid !== 0) return agent;
  for (let uid = UID_RANGE.first; uid < UID_RANGE.first + UID_RANGE.count; uid++) {
    if (!taken.has(uid)) return { uid, gid: uid };
  }
  throw new RangeError('no uid is free');
}
