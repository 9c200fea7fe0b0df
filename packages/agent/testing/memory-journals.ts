/** Journals in memory that outlive an agent, with a disk that may be full. */
import type { JournalEntry } from '../src/model/journal-entries.js';
import type { FoundJournal, Journal, JournalStore } from '../src/ports/journal-store.js';

export class MemoryJournals implements JournalStore {
  /** Entries as the disk would have them: text, by kernel. */
  readonly files = new Map<string, string[]>();
  /** True: nothing more can be appended. */
  full = false;
  /** Boot id under which they were written. */
  boot = 'boot-1';

  create(kernelId: string): Promise<Journal> {
    this.files.set(kernelId, []);
    return Promise.resolve(this.#open(kernelId));
  }

  load(): Promise<{ found: readonly FoundJournal[]; unusable: readonly [] }> {
    const found = [...this.files].map(([kernelId, lines]) => ({
      kernelId,
      journal: this.#open(kernelId),
      entries: lines.map((line) => JSON.parse(line) as JournalEntry),
      boot: this.boot,
      torn: false,
    }));
    return Promise.resolve({ found, unusable: [] });
  }

  remove(kernelId: string): Promise<void> {
    this.files.delete(kernelId);
    return Promise.resolve();
  }

  #open(kernelId: string): Journal {
    return {
      append: async (entry) => {
        if (this.full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        this.files.get(kernelId)?.push(JSON.stringify(entry));
      },
      close: () => Promise.resolve(),
    };
  }
}
