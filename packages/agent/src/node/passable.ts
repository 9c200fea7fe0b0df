/** Where programs of other users must get through, since nothing is mounted for them. */
import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError } from '@berth/wire';
import type { Isolation } from '../ports/driver.js';

const PASS = 0o111;

/** True when code of sessions has another user id than the node, and nothing is mounted for it. */
export const isPassedThrough = (isolation: Isolation | undefined): boolean => isolation === 'none' && process.getuid?.() === 0;

/** Lets every user go through `path`, a directory of ours, whose names they cannot list. Errors: `bad-config` when one above it is closed. */
export async function makePassable(path: string): Promise<void> {
  const { mode } = await stat(path);
  await chmod(path, (mode | PASS) & 0o7777);
  for (let above = dirname(path); ; above = dirname(above)) {
    if (((await stat(above)).mode & PASS) !== PASS) throw closed(path, above);
    if (above === dirname(above)) return;
  }
}

const closed = (path: string, above: string): BerthError =>
  new BerthError('bad-config', `code of sessions cannot reach ${path}: other users may not go through ${above}`, {
    fix: `\`chmod a+x ${above}\`, or name another data directory (BERTH_DATA_DIR); or start the node as an ordinary user.`,
    fields: { path, directory: above },
  });
