/** The journal port: one append-only journal per kernel. Adapter: files in the state directory; a fake keeps them in memory. */
import type { JournalEntry } from '../model/journal-entries.js';

/** An open journal. Appends come one at a time. */
export interface Journal {
  /** On disk when it resolves, if `sync`. Rejects, having changed nothing, when the disk is full. */
  append(entry: JournalEntry, options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** One journal as found at start. */
export interface FoundJournal {
  readonly kernelId: string;
  readonly journal: Journal;
  readonly entries: readonly JournalEntry[];
  /** Boot id under which the last entry was written. */
  readonly boot: string | null;
  /** A crash tore the last line; it was dropped. */
  readonly torn: boolean;
}

/** A journal that cannot be used: its kernel is set aside, the others live. */
export interface UnusableJournal {
  readonly kernelId: string;
  readonly problem: string;
}

export interface JournalStore {
  /** A new, empty journal. Rejects with `state-unwritable`. */
  create(kernelId: string): Promise<Journal>;
  /** Everything that earlier lives left. */
  load(): Promise<{ readonly found: readonly FoundJournal[]; readonly unusable: readonly UnusableJournal[] }>;
  /** Idempotent. */
  remove(kernelId: string): Promise<void>;
}
