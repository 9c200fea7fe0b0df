/**
 * A place: one fresh directory per service, which holds all that the service keeps. Clearing a place uses only what is on disk
 * and in /proc, never what this process remembers, so the end of a run and the removal of what a killed run left are one path.
 */
import { mkdtempSync, chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { removeBridge } from './bridge.mjs';
import { removeCgroups } from './cgroups.mjs';
import { stopDaemons, killContained } from './daemons.mjs';
import { unmountBelow } from './mounts.mjs';
import { identityOf, isAlive } from './process-identity.mjs';

const PREFIX = 'berth-services-';

/** Makes a place that belongs to this process. Other users may pass through it, to reach a socket that is open to their group. */
export function claimPlace(service) {
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${service}-`));
  writeFileSync(join(directory, 'owner.json'), JSON.stringify(identityOf(process.pid)));
  chmodSync(directory, 0o711);
  return directory;
}

/** Six characters that no other place on this machine has. */
export const placeId = (directory) => basename(directory).slice(-6);

/** Ends what runs in the place, unmounts what is mounted there, and removes it. */
export async function clearPlace(directory) {
  await stopDaemons(directory);
  await killContained(directory);
  await unmountBelow(directory);
  await removeBridge(placeId(directory));
  removeCgroups(placeId(directory));
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Clears the places of this user whose owner is dead. A place without a readable owner is being made or removed: left alone. */
export async function clearLeftovers() {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(tmpdir(), name);
    const owner = readOwner(directory);
    if (owner && !isAlive(owner)) await clearPlace(directory);
  }
}

function readOwner(directory) {
  try {
    return JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
