// A cgroup of our own above the containers of a private Docker daemon, so that it can be told what belongs to it.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** Name of the parent cgroup of a place, below the root of each hierarchy. */
export const cgroupParent = (id) => `/berth-${id}`;

/** Removes the cgroups of a place from every hierarchy. Nothing may run in them any more. */
export function removeCgroups(id) {
  if (!existsSync(ROOT)) return;
  const hierarchies = [ROOT, ...directories(ROOT)];
  for (const hierarchy of hierarchies) removeTree(join(hierarchy, cgroupParent(id)));
}

/** Files of a cgroup cannot be removed and need not be: an empty one goes with rmdir. */
function removeTree(cgroup) {
  if (!existsSync(cgroup)) return;
  for (const child of directories(cgroup)) removeTree(child);
  rmdirSync(cgroup);
}

const directories = (parent) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(parent, entry.name));
