/** What `berth etcd` does, below its words. Loaded when it is asked for. */
import { open } from 'node:fs/promises';
import { BerthError } from '@berth/wire';
import { loadCoordinatorSettings } from '../config/coordinator-settings.js';
import type { Flags } from '../config/agent-settings.js';
import {
  LARGEST_FILE,
  planImport,
  prefixOf,
  resolveAlias,
  type ImportPlan,
  type MetadataKind,
  type Resolved,
} from '../manager-link/metadata/index.js';
import type { Coordinator } from '../ports/coordinator.js';
import { coordinatorOptions, openCoordinator } from './etcd.js';

export { coordinatorFlags } from '../config/coordinator-settings.js';
export {
  maskedValue,
  shownChange,
  shownCounts,
  shownValue,
  type ImportPlan,
  type MetadataKind,
} from '../manager-link/metadata/index.js';
export type { Coordinator } from '../ports/coordinator.js';

/** Opens etcd as flags and variables say, and makes sure that it answers. Errors: those of settings, of files, and of the coordinator. */
export async function withCoordinator<T>(flags: Flags, use: (coordinator: Coordinator) => Promise<T>): Promise<T> {
  const coordinator = await openCoordinator(coordinatorOptions(await loadCoordinatorSettings(flags)));
  try {
    await coordinator.probe();
    return await use(coordinator);
  } finally {
    await coordinator.close();
  }
}

export interface ImportOptions {
  readonly kind: MetadataKind;
  readonly file: string;
  /** What is not in the file is removed. */
  readonly prune: boolean;
}

/** Compares a file with etcd. Changes nothing. Errors: `file-unreadable`, `bad-config`, `too-large`. */
export async function planOf(coordinator: Coordinator, { kind, file, prune }: ImportOptions): Promise<ImportPlan> {
  const yaml = await readText(file);
  const keys = await keysBelow(coordinator, prefixOf(kind));
  return planImport(kind, { yaml, file, keys, prune });
}

/** Makes it so, in the order of the file, and what is removed last. Each of the plan's transactions is done or not done. */
export async function carryOut(coordinator: Coordinator, { writes, removals }: ImportPlan): Promise<void> {
  for (const entries of writes) await coordinator.put(entries);
  await removeKeys(coordinator, removals);
}

/** Removes exactly these keys. Resolves with those that were not there. */
export async function removeKeys(coordinator: Coordinator, keys: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const key of keys) {
    if ((await coordinator.remove([key])) === 0) missing.push(key);
  }
  return missing;
}

/** What a manager makes of the name of an image. Errors: `no-such-key`, `bad-config`. */
export async function resolveImage(coordinator: Coordinator, name: string): Promise<Resolved> {
  return resolveAlias(name, await keysBelow(coordinator, 'images/'));
}

const keysBelow = async (coordinator: Coordinator, prefix: string): Promise<Map<string, string>> =>
  new Map((await coordinator.list(prefix)).map(({ key, value }) => [key, value]));

/** As much as {@link planImport} would take, and a little more. */
async function readText(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of handle.createReadStream({ autoClose: false, end: 4 * LARGEST_FILE }) as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        size += chunk.length;
      }
      if (size > 4 * LARGEST_FILE) throw new BerthError('too-large', `${path} is larger than ${LARGEST_FILE / 1024} KiB`);
      return Buffer.concat(chunks).toString();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read: ${message}`;
    throw new BerthError('file-unreadable', why, { cause: error });
  }
}
