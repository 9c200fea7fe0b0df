/** Finds a static `tini`, the subreaper that each run gets. Docker ships one under the name docker-init. */
import { readInterpreter } from './elf.js';

/** Where packages put it: Debian's tini, Docker's own packages, Fedora's, Alpine's. */
export const TINI_PLACES: readonly string[] = [
  '/usr/bin/tini-static',
  '/sbin/tini-static',
  '/usr/bin/docker-init',
  '/usr/libexec/docker/docker-init',
  '/usr/local/bin/docker-init',
  '/usr/local/bin/tini-static',
  '/usr/bin/tini',
  '/usr/local/bin/tini',
];

/** The first static one, or null. A dynamic one is of no use: a kernel may have no libraries, and its loader no way to be told of ours. */
export async function findTini(places: readonly string[] = TINI_PLACES): Promise<string | null> {
  for (const path of places) {
    const interpreter = await readInterpreter(path).catch(() => undefined);
    if (interpreter === null) return path;
  }
  return null;
}
