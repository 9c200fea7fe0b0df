/** Follows a run that has a terminal, on the terminal of a person: keys in, screen out, sizes as they change. */
import { whileNodeAway, type Attachment, type BerthClient } from '@berth/client';
import { BerthError, type Finished } from '@berth/wire';
import type { Context } from '../command.js';
import { Interrupted } from '../interrupts.js';
import { notice, write, type PersonalScreen, type Terminal } from '../terminal.js';

/** Ctrl-], as in telnet: the key that leaves. It never reaches the program. */
const LEAVE = 0x1d;

export interface InTerminal {
  readonly session: string;
  readonly run: string;
  readonly screen: PersonalScreen;
}

/**
 * Resolves with how the run ended, or undefined when the person left; the run goes on then. The person's terminal is as before
 * by then, whatever happens. Rejects with {@link Interrupted} when this program is to end before.
 */
export async function followInTerminal(
  client: BerthClient,
  { session, run, screen }: InTerminal,
  { terminal, interrupts }: Context,
): Promise<Finished | undefined> {
  const abort = new AbortController();
  const left = new Error('left');
  const onAway = () => void notice(terminal, 'the node has gone away; waiting for it to come back');
  const attachment = client.attach(session, run, { signal: abort.signal, onAway });
  const giveBack = interrupts.take((signal) => abort.abort(new Interrupted(signal)));
  // The next change tells the size again.
  const resize = () => void whileNodeAway(() => client.resizeRun(session, run, screen.size())).catch(() => {});
  const unwatch = screen.onResize(resize);
  screen.raw(true);
  resize();
  type(terminal, attachment, () => abort.abort(left)).catch(() => attachment.endInput());
  try {
    for await (const record of attachment) {
      if (record.type === 'stdout' || record.type === 'stderr') await write(terminal.stdout, record.data);
      else if (record.type === 'gap') await notice(terminal, `${record.bytes} bytes of output are no longer kept`);
      else if (record.type === 'finished') return record;
    }
  } catch (error) {
    if (error === left) return undefined;
    throw error;
  } finally {
    screen.raw(false);
    unwatch();
    giveBack();
  }
  throw new BerthError('internal', 'the run ended without saying how');
}

/** Passes on keys until the one that leaves. */
async function type({ stdin }: Terminal, attachment: Attachment, leave: () => void): Promise<void> {
  for await (const chunk of stdin) {
    const keys = chunk as Uint8Array;
    const end = keys.indexOf(LEAVE);
    await attachment.write(end < 0 ? keys : keys.subarray(0, end));
    if (end >= 0) return leave();
  }
  attachment.endInput();
}
