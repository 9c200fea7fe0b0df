/** Ends what runs in a sandbox. */
import { sleep, withDeadline } from '@berth/base';
import { BerthError, isBerthError } from '@berth/wire';
import { isRunning, lifeOf, type Life } from './observe.js';
import type { Records } from './records.js';
import { childrenOf, statOf } from './stat.js';

const LOOK_AGAIN_MS = 5;
const PATIENCE_MS = 10_000;
const STOP_MS = 500;

/** The first process takes all others with it; bubblewrap ends with it, and tells how. */
export async function killLife({ monitor, first, firstPid }: Life): Promise<void> {
  if (first) return signal(first.pid, 'SIGKILL');
  if (!monitor) return;
  // A child of a process that lives: its pid can be nobody else's.
  if (firstPid !== null && statOf(firstPid)?.parent === monitor.pid) return signal(firstPid, 'SIGKILL');
  // It has just begun. What it makes now would wait for it for ever; so it must make nothing while we look.
  signal(monitor.pid, 'SIGSTOP');
  for (let waited = 0; statOf(monitor.pid)?.state !== 'T' && waited < STOP_MS; waited++) await sleep(1);
  for (const child of childrenOf(monitor.pid) ?? []) signal(child, 'SIGKILL');
  signal(monitor.pid, 'SIGKILL');
}

/** Kills until nothing lives, and lets nothing begin. Errors: `timeout`. */
export async function endLife(records: Records, id: string): Promise<void> {
  await records.seal(id);
  const end = async (over: AbortSignal): Promise<void> => {
    for (;;) {
      const life = await lifeOf(records, id);
      if (!life || !isRunning(life)) return;
      await killLife(life);
      await sleep(LOOK_AGAIN_MS, over);
    }
  };
  try {
    await withDeadline(`the end of the sandbox ${id}`, PATIENCE_MS, end);
  } catch (error) {
    throw isBerthError(error) ? error : new BerthError('timeout', (error as Error).message, { cause: error });
  }
}

function signal(pid: number, name: 'SIGKILL' | 'SIGSTOP'): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone meanwhile.
  }
}
