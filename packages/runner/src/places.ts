/** Where things are for the runner. */
import { IN_KERNEL } from '@berth/wire';

export interface Places {
  /** Socket, spill files, FIFOs and exit note. */
  readonly run: string;
  /** Node, loader, tini and the REPL scripts. */
  readonly carry: string;
  /** Home of the user. */
  readonly work: string;
}

/** The places inside a kernel, unless others are given. */
export const placesOf = ({ run, carry, work }: { readonly [Name in keyof Places]?: string | undefined }): Places => ({
  run: run ?? IN_KERNEL.run,
  carry: carry ?? IN_KERNEL.carry,
  work: work ?? IN_KERNEL.work,
});
