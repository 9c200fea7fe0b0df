// A network bridge of our own, so that a private Docker daemon leaves docker0 and the packet filter of the machine alone.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { existsSync } from 'node:fs';

const run = promisify(execFile);
const bridgeName = (id) => `berth-${id}`;

/** First address of a /24 of 10.213 that no interface uses. Node lists no bridge on which nothing runs yet, so `ip` is asked. */
async function freeAddress() {
  const { stdout: used } = await run('ip', ['-o', '-4', 'address', 'show']);
  for (let third = 0; third < 256; third++) {
    if (!used.includes(` 10.213.${third}.`)) return `10.213.${third}.1/24`;
  }
  throw new Error('all of 10.213.0.0/16 is in use');
}

/** Makes the bridge of a place. Answers its name, or `none` where the machine allows no bridges. */
export async function addBridge(id) {
  const name = bridgeName(id);
  try {
    await run('ip', ['link', 'add', name, 'type', 'bridge']);
    await run('ip', ['address', 'add', await freeAddress(), 'dev', name]);
    await run('ip', ['link', 'set', name, 'up']);
    return name;
  } catch {
    await removeBridge(id);
    return 'none';
  }
}

/** Removes the bridge of a place; nothing happens when there is none. */
export async function removeBridge(id) {
  const name = bridgeName(id);
  if (existsSync(`/sys/class/net/${name}`)) await run('ip', ['link', 'delete', name]);
}
