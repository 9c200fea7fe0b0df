/**
 * Kernels whose end the manager must hear of, on disk. `kernel_terminated` is the only thing that frees a kernel's slots there, and
 * nobody acknowledges it: so each notice outlives the agent, and is kept for a while after it was sent.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { isId, type KernelId, type KernelStatistics } from '@berth/wire';

export interface Notice {
  readonly kernelId: KernelId;
  /** In the manager's words. */
  readonly reason: string;
  readonly statistics: KernelStatistics | null;
  /** When the end was decided, milliseconds since the epoch. */
  readonly at: number;
}

const SUFFIX = '.json';

/** Notices as files in a directory of their own. Damaged ones are dropped: the kernel of one that was never whole still has its journal. */
export class NoticeStore {
  readonly #directory: string;
  readonly #notices = new Map<KernelId, Notice>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<NoticeStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const store = new NoticeStore(directory);
    for (const name of await readdir(directory)) {
      const kernelId = name.slice(0, -SUFFIX.length);
      const text = name.endsWith(SUFFIX) && isId(kernelId) ? await readFile(join(directory, name), 'utf8').catch(() => '') : '';
      try {
        store.#notices.set(kernelId as KernelId, JSON.parse(text) as Notice);
      } catch {
        await rm(join(directory, name), { force: true });
      }
    }
    return store;
  }

  all(): readonly Notice[] {
    return [...this.#notices.values()];
  }

  /** On disk when it resolves. The first notice of a kernel stays. */
  async keep(notice: Notice): Promise<void> {
    if (this.#notices.has(notice.kernelId)) return;
    await replaceFile(this.#pathOf(notice.kernelId), JSON.stringify(notice));
    this.#notices.set(notice.kernelId, notice);
  }

  async drop(kernelId: KernelId): Promise<void> {
    this.#notices.delete(kernelId);
    await rm(this.#pathOf(kernelId), { force: true });
  }

  #pathOf(kernelId: KernelId): string {
    return join(this.#directory, kernelId + SUFFIX);
  }
}
