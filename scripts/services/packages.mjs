// Debian packages that the services need: installed when we are root on a Debian machine, otherwise left to the operator.
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { lastLine } from './text.mjs';

const POLICY = '/usr/sbin/policy-rc.d';
const APT_TIMEOUT_MS = 10 * 60_000;

/** Full path of a program in PATH, or undefined. */
function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * Installs the packages of those needs whose program is missing, with one `apt-get update`. Never throws: what is still
 * missing afterwards is told by the service that wants it.
 */
export async function installMissing(needs, say) {
  const packages = [...new Set(needs.filter((need) => !findProgram(need.program)).map((need) => need.package))];
  if (packages.length === 0 || process.getuid() !== 0 || !findProgram('apt-get')) return;
  say(`installing ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => promisify(execFile)('apt-get', ['-qq', ...args], { env, timeout: APT_TIMEOUT_MS, maxBuffer: 1 << 26 });
  const ownPolicy = !existsSync(POLICY);
  // Debian starts a daemon that it installs; ours are private, so nothing may start while the packages come in.
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', ...packages);
  } catch (error) {
    say(`apt-get failed: ${lastLine(error.stderr) ?? error.message}`);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

/** Throws when one of the needs is not there. */
export function requirePrograms(needs) {
  const missing = needs.filter((need) => !findProgram(need.program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((need) => need.package))].join(' ');
  throw new Error(`${missing.map((need) => need.program).join(', ')} not found; install the packages ${packages}`);
}
