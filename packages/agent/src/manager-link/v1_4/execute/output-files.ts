/** Files that a run has left below `.output` (seed spec 11). */
import type { KernelId } from '@berth/wire';
import type { ExecuteParts, OutputScan } from './options.js';
import type { OutputFile } from './shape.js';

/** Times of files are those of the last tick, so a file of now can look a little older. */
const TICK_MS = 20;

const NO_STORE = '#dummy-upload';

/** Names of what is new or newer. Without `before`, what has changed since `since` (an agent that has forgotten). Pure. */
export function changedFiles(before: OutputScan | undefined, after: OutputScan, since: number): readonly string[] {
  const changed = [...after].filter(([name, { mtimeMs, size }]) => {
    if (!before) return mtimeMs >= since - TICK_MS;
    const old = before.get(name);
    return !old || mtimeMs > old.mtimeMs || size !== old.size;
  });
  return changed.map(([name]) => name).sort();
}

export class OutputFiles {
  readonly #parts: ExecuteParts;
  #warned = false;

  constructor(parts: ExecuteParts) {
    this.#parts = parts;
  }

  /** What is there before a run. Undefined when that cannot be told. */
  async before(kernelId: KernelId): Promise<OutputScan | undefined> {
    return this.#scan(kernelId);
  }

  /** Uploads what a run has left; a file that cannot be uploaded is logged and left out. */
  async after(kernelId: KernelId, before: OutputScan | undefined, since: number): Promise<readonly OutputFile[]> {
    const after = await this.#scan(kernelId);
    const names = after ? changedFiles(before, after, since) : [];
    const files = names.map(async (name) => ({ name, url: await this.#upload(kernelId, name) }));
    return (await Promise.all(files)).filter((file): file is OutputFile => file.url !== undefined);
  }

  async #scan(kernelId: KernelId): Promise<OutputScan | undefined> {
    const { scanOutput, logger } = this.#parts;
    try {
      return await scanOutput?.(kernelId);
    } catch (error) {
      logger.warn({ kernel: kernelId, err: error }, 'the output directory of a kernel could not be read');
      return undefined;
    }
  }

  async #upload(kernelId: KernelId, name: string): Promise<string | undefined> {
    const { upload, logger } = this.#parts;
    if (!upload) {
      if (!this.#warned) logger.warn({}, 'files that runs leave in .output are not uploaded: there is no object store');
      this.#warned = true;
      return NO_STORE;
    }
    try {
      return (await upload(kernelId, name)) ?? NO_STORE;
    } catch (error) {
      logger.warn({ kernel: kernelId, file: name, err: error }, 'a file in .output could not be uploaded');
      return undefined;
    }
  }
}
