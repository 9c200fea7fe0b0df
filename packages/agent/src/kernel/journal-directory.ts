/** Journals as files `<kernel id>.jsonl` (0600) in one directory. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalDamage, JournalFile, syncDirectory } from '@berth/base';
import { BerthError, isId } from '@berth/wire';
import type { JournalEntry } from '../model/journal-entries.js';
import type { FoundJournal, JournalStore, UnusableJournal } from '../ports/journal-store.js';

const SUFFIX = '.jsonl';
/** Added to the name of a damaged journal: kept for a person, and its container left alone in every later life too. */
const SET_ASIDE = '.set-aside';

/** `boot` is the boot id of the machine, written on every line. The directory is made when it is missing. */
export async function openJournalDirectory(directory: string, boot: string): Promise<JournalStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (kernelId: string): string => join(directory, kernelId + SUFFIX);

  async function loadOne(kernelId: string): Promise<FoundJournal> {
    const { journal, content } = await JournalFile.open(pathOf(kernelId), boot);
    return {
      kernelId,
      journal,
      entries: content.lines.map((line) => line.entry as JournalEntry),
      boot: content.lines.at(-1)?.boot ?? null,
      torn: content.torn,
    };
  }

  return {
    async create(kernelId) {
      try {
        return (await JournalFile.open(pathOf(kernelId), boot)).journal;
      } catch (error) {
        throw new BerthError('state-unwritable', `the journal of ${kernelId} cannot be written: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    async load() {
      const found: FoundJournal[] = [];
      const unusable: UnusableJournal[] = [];
      for (const name of await readdir(directory)) {
        const kernelId = name.slice(0, name.lastIndexOf(SUFFIX));
        if (!isId(kernelId)) continue;
        if (name === kernelId + SUFFIX + SET_ASIDE) unusable.push({ kernelId, problem: `${name} was set aside earlier` });
        if (name !== kernelId + SUFFIX) continue;
        try {
          found.push(await loadOne(kernelId));
        } catch (error) {
          // What could only not be read just now keeps its name, and may be read next time.
          if (error instanceof JournalDamage) await rename(pathOf(kernelId), pathOf(kernelId) + SET_ASIDE).catch(() => {});
          unusable.push({ kernelId, problem: (error as Error).message });
        }
      }
      return { found, unusable };
    },
    async remove(kernelId) {
      await rm(pathOf(kernelId), { force: true });
      await syncDirectory(directory);
    },
  };
}
