/** Where things are for the runner. */
import { join } from 'node:path';
import { IN_KERNEL } from '@berth/wire';

export interface Places {
  /** Socket, spill files, FIFOs and exit note. */
  readonly run: string;
  /** Node, loader, tini and the REPL scripts. */
  readonly carry: string;
  /** Home of the user. */
  readonly work: string;
}

/** The places inside a kernel; `root` moves them elsewhere, for tests outside of one. */
export const placesUnder = (root: string): Places => ({
  run: join(root, IN_KERNEL.run),
  carry: join(root, IN_KERNEL.carry),
  work: join(root, IN_KERNEL.work),
});
