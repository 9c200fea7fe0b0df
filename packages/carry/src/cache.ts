/** The directory that holds carries, and what else lies in it. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@berth/base';

/** Start of the names of carries under construction or removal. */
export const BUILDING = '.building-';
/** Directory of files that say which carry belongs to which sources. */
export const SOURCES = 'sources';

const CARRY_ID = /^[0-9a-f]{32}$/;
const HOUR_MS = 3_600_000;

/** How long an unused carry is kept: kernels may be about to start with it, and a Node that was upgraded may be downgraded. */
export const DEFAULT_GRACE_MS = 24 * HOUR_MS;
/** Nobody builds for longer; what is older was left by a crash. */
const BUILD_LIMIT_MS = HOUR_MS;

/**
 * Removes carries that are not in `usedIds` and were not asked for within `graceMs`, and what crashed builds left. `usedIds` must
 * name the carries of all living kernels that mount from `cacheDir`.
 */
export async function collectCarries(
  cacheDir: string,
  usedIds: ReadonlySet<string>,
  { graceMs = DEFAULT_GRACE_MS, now = systemClock.now() }: { readonly graceMs?: number; readonly now?: number } = {},
): Promise<void> {
  const removed = new Set<string>();
  for (const name of await readdir(cacheDir)) {
    const path = join(cacheDir, name);
    const age = async () => now - (await stat(path)).mtimeMs;
    if (CARRY_ID.test(name) && !usedIds.has(name) && (await age()) > graceMs) {
      await removeCarry(path);
      removed.add(name);
    } else if (name.startsWith(BUILDING) && (await age()) > BUILD_LIMIT_MS) {
      await removeCarry(path);
    }
  }
  await forgetSources(join(cacheDir, SOURCES), removed);
}

async function forgetSources(directory: string, removed: ReadonlySet<string>): Promise<void> {
  if (removed.size === 0) return;
  for (const name of await readdir(directory)) {
    if (removed.has(await readFile(join(directory, name), 'utf8'))) await rm(join(directory, name), { force: true });
  }
}

/** Removes a carry; does nothing when there is none. */
export async function removeCarry(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
