/**
 * Lets a sandbox stand still: by the freezer of its control group, which no process notices, or where there is none by SIGSTOP to
 * each process. The latter is seen by a parent that waits for stopped children, and its end continues also what had stopped itself.
 */
import { sleep } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Groups } from './cgroup/groups.js';
import type { Group } from './cgroup/layout.js';
import { childrenOf, statOf, type ProcessName } from './stat.js';

/** What of a sandbox's life counts here. */
interface Living {
  readonly plan: { readonly name: string };
  readonly monitor: ProcessName | undefined;
  readonly first: ProcessName | undefined;
}

const ROUNDS = 100;
const LOOK_AGAIN_MS = 5;

export async function pauseLife(life: Living, paused: boolean, groups: Groups, own: readonly Group[]): Promise<void> {
  if (await groups.freeze(own, paused)) return;
  const signal = paused ? 'SIGSTOP' : 'SIGCONT';
  // A process may make another before it is reached: until a whole round finds nothing to do.
  for (let round = 0; round < ROUNDS; round++) {
    const left = programsOf(life).filter((pid) => isStopped(pid) !== paused);
    if (left.length === 0) return;
    for (const pid of left) send(pid, signal);
    await sleep(LOOK_AGAIN_MS);
  }
  throw new BerthError('timeout', `the sandbox ${life.plan.name} ${paused ? 'does not stand still' : 'does not go on'}`);
}

/** Whether it stands still. Its first process tells: it is stopped first and continued first. */
export async function isPaused(life: Living, groups: Groups, own: readonly Group[]): Promise<boolean> {
  if (await groups.frozen(own)) return true;
  const [first] = programsOf(life);
  return first !== undefined && isStopped(first);
}

/** All processes below the one that watches, parents first. That one goes on: it has to tell of the end. */
function programsOf({ monitor, first }: Living): readonly number[] {
  const found: number[] = [];
  const add = (pid: number): void => {
    found.push(pid);
    for (const child of childrenOf(pid) ?? []) add(child);
  };
  if (monitor) for (const child of childrenOf(monitor.pid) ?? []) add(child);
  else if (first) add(first.pid);
  return found;
}

const isStopped = (pid: number): boolean => statOf(pid)?.state === 'T';

function send(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile.
  }
}
