/**
 * Runs that wait for their turn, on disk. Their callers were told that they go on, so they outlive the agent; from its start on a run
 * is the runner's. Most kernels never have one.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { isId, type KernelId } from '@berth/wire';
import type { StartWish } from './request.js';
import type { RunName } from './run-names.js';

export interface WaitingRun extends RunName {
  readonly wish: StartWish;
}

export interface WaitingLine {
  /** A kernel that was started anew has another line. */
  readonly incarnation: number;
  readonly runs: readonly WaitingRun[];
}

export interface QueueStore {
  /** Undefined when nothing waits. */
  read(kernelId: KernelId): Promise<WaitingLine | undefined>;
  /** On disk when it resolves. An empty line is none. */
  write(kernelId: KernelId, line: WaitingLine): Promise<void>;
}

const SUFFIX = '.json';

/** One file per kernel in a directory of their own. What is damaged counts as nothing: it was never whole. */
export class FileQueueStore implements QueueStore {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Lines of kernels that `living` does not name are removed. */
  static async open(directory: string, living: ReadonlySet<string>): Promise<FileQueueStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) {
      if (!name.endsWith(SUFFIX) || !living.has(name.slice(0, -SUFFIX.length))) await rm(join(directory, name), { force: true });
    }
    return new FileQueueStore(directory);
  }

  async read(kernelId: KernelId): Promise<WaitingLine | undefined> {
    try {
      const line = JSON.parse(await readFile(this.#pathOf(kernelId), 'utf8')) as WaitingLine;
      return Array.isArray(line.runs) ? line : undefined;
    } catch {
      return undefined;
    }
  }

  async write(kernelId: KernelId, line: WaitingLine): Promise<void> {
    if (line.runs.length > 0) await replaceFile(this.#pathOf(kernelId), JSON.stringify(line));
    else await rm(this.#pathOf(kernelId), { force: true });
  }

  #pathOf(kernelId: KernelId): string {
    if (!isId(kernelId)) throw new RangeError('no id of a kernel');
    return join(this.#directory, kernelId + SUFFIX);
  }
}
