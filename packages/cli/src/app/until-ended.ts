/** Waits for the end of a session. */
import { sleep } from '@berth/base';
import { whileNodeAway, type BerthClient } from '@berth/client';
import { isBerthError } from '@berth/wire';

const LOOK_EVERY_MS = 1000;

/** Resolves when the session has ended; looking at it also renews its lease. Rejects with the signal's reason. */
export async function untilEnded(client: BerthClient, session: string, signal: AbortSignal, onAway: () => void): Promise<void> {
  for (;;) {
    try {
      const { phase } = await whileNodeAway(() => client.getSession(session), { signal, onAway });
      if (phase === 'stopping' || phase === 'terminated') return;
    } catch (error) {
      if (isBerthError(error) && error.code === 'no-such-session') return;
      throw error;
    }
    await sleep(LOOK_EVERY_MS, signal);
  }
}
