/** What the driver finds out about the machine before it does anything. */
import { existsSync } from 'node:fs';
import { findBubblewrap, type Bubblewrap } from './bubblewrap.js';
import { refusedCalls } from './calls.js';
import { Groups } from './cgroup/groups.js';
import { COVERED, type Maker } from './command.js';
import { partsOf, type Parts } from './parts.js';
import { tryOnce } from './probe.js';

export interface Machine {
  readonly maker: Maker;
  readonly bubblewrap: Bubblewrap;
  readonly groups: Groups;
  /** Of calls of the kernel; undefined where it cannot be. */
  readonly filter: Uint8Array | undefined;
  /** Those of {@link COVERED} that there are. */
  readonly covered: readonly string[];
  /** Of bubblewrap; only where the runner needs it inside. */
  readonly parts: Parts | null;
}

/** There where the kernel can filter calls. */
const SECCOMP = '/proc/sys/kernel/seccomp';

/** Errors: `driver-unavailable`, `driver-forbidden`. */
export async function findMachine(maker: Maker, programs?: readonly string[]): Promise<Machine> {
  const bubblewrap = await findBubblewrap(programs);
  await tryOnce(bubblewrap, maker);
  const filter = existsSync(SECCOMP) ? refusedCalls(process.arch, { userNamespaces: maker.uid !== 0 }) : undefined;
  const covered = COVERED.filter((path) => existsSync(path));
  if (maker.uid === 0) return { maker, bubblewrap, covered, filter, groups: await Groups.find(), parts: null };
  return { maker, bubblewrap, covered, filter, groups: Groups.none(), parts: await partsOf(bubblewrap.program) };
}
