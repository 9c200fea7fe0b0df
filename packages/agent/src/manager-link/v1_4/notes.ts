/**
 * What this dialect has to remember of a kernel. It goes with the kernel's specification into its journal, so that it is there after
 * any restart of the agent, and nothing else is kept.
 */
import type { KernelSpec } from '@berth/wire';

export interface KernelNotes {
  /** `<name>:<tag>` as the manager asked for it. */
  readonly lang: string;
  /** Decimal text, cores, GiB and device shares, as asked for. */
  readonly shares: { readonly cpu: string; readonly mem: string; readonly gpu: string };
  /** Seconds that one execution may take; 0: any. */
  readonly execTimeoutSeconds: number;
  /** Ports of the terminal bridge; null for kernels without terminal. */
  readonly terminal: { readonly stdinPort: number; readonly stdoutPort: number } | null;
}

const KEY = 'manager-1.4';

export const toAnnotations = (notes: KernelNotes): Record<string, string> => ({ [KEY]: JSON.stringify(notes) });

/** Undefined for a kernel that another front asked for. */
export function notesOf({ annotations }: Pick<KernelSpec, 'annotations'>): KernelNotes | undefined {
  const text = annotations[KEY];
  return text === undefined ? undefined : (JSON.parse(text) as KernelNotes);
}
