/** Ends what runs in a sandbox. */
import { sleep, withDeadline } from '@berth/base';
import { BerthError, isBerthError } from '@berth/wire';
import { isRunning, lifeOf, type Life } from './observe.js';
import type { Records } from './records.js';
import { statOf } from './stat.js';

const LOOK_AGAIN_MS = 5;
const PATIENCE_MS = 10_000;

/** The first process takes all others with it. While it is not known yet, bubblewrap itself goes. */
export function killLife({ monitor, first, firstPid }: Life): void {
  if (first) return kill(first.pid);
  // A child of a process that lives: its pid can be nobody else's.
  if (monitor) kill(firstPid !== null && statOf(firstPid)?.parent === monitor.pid ? firstPid : monitor.pid);
}

/** Kills until nothing lives. Errors: `timeout`. */
export async function endLife(records: Records, id: string): Promise<void> {
  const end = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const life = await lifeOf(records, id);
      if (!life || !isRunning(life)) return;
      killLife(life);
      await sleep(LOOK_AGAIN_MS, signal);
    }
  };
  try {
    await withDeadline(`the end of the sandbox ${id}`, PATIENCE_MS, end);
  } catch (error) {
    throw isBerthError(error) ? error : new BerthError('timeout', (error as Error).message, { cause: error });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
