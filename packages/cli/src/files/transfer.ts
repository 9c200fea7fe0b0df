/** What all transfers have in common: Ctrl-C, a node that goes away, failures of files of this machine. */
import { whileNodeAway, type BerthClient } from '@berth/client';
import { UnsafePathError } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Context } from '../command.js';
import { Interrupted } from '../interrupts.js';
import { notice, type Terminal } from '../terminal.js';

export interface Transfer {
  readonly client: BerthClient;
  readonly terminal: Terminal;
  /** Aborts with what ended this program. */
  readonly signal: AbortSignal;
}

/** What was copied. */
export interface Copied {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** Ends what `fn` does when this program is to end; it then leaves nothing half-done. */
export async function interruptible<T>(
  client: BerthClient,
  { terminal, interrupts }: Context,
  fn: (transfer: Transfer) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const giveBack = interrupts.take((signal) => abort.abort(new Interrupted(signal)));
  try {
    return await fn({ client, terminal, signal: abort.signal });
  } catch (error) {
    // Whatever it fails with then, it fails because of that.
    abort.signal.throwIfAborted();
    throw error;
  } finally {
    giveBack();
  }
}

/** Again when the node comes back. */
export const patiently = <T>({ terminal, signal }: Transfer, fn: () => Promise<T>): Promise<T> =>
  whileNodeAway(fn, {
    signal,
    onAway: () => void notice(terminal, 'the node has gone away; waiting for it to come back'),
  });

/** A failure of a file of this machine, in the words of the closed list. */
export function localError(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const fields = { path };
  if (error instanceof UnsafePathError)
    return new BerthError('unsafe-path', `${path}: ${message}`, {
      fix: 'Nothing outside of the named directory is written.',
      fields,
    });
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new BerthError('disk-full', `there is no room left for ${path}`, { fix: 'Make room on this machine.', fields });
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    return new BerthError('file-unreadable', `${path}: ${message}`, { fields, cause: error });
  return error;
}
