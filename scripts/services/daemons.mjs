// Daemons of a place: each is recorded on disk when it starts, so that any later process can end it.
import { spawn } from 'node:child_process';
import { openSync, closeSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLine } from './text.mjs';
import { identityOf, isAlive } from './process-identity.mjs';

const GRACE_MS = 15_000;
const POLL_MS = 50;

/**
 * Starts a daemon in a session of its own (a Ctrl-C of the terminal does not reach it), its output in `<name>.log`. The answer's
 * `failure()` is the last line of that log once the daemon has ended, and undefined while it runs.
 */
export function startDaemon(directory, name, program, args) {
  const logPath = join(directory, `${name}.log`);
  const log = openSync(logPath, 'a');
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: directory });
  closeSync(log);
  child.unref();
  let ended = false;
  child.on('error', () => (ended = true)).on('exit', () => (ended = true));
  const records = join(directory, 'daemons');
  mkdirSync(records, { recursive: true });
  const order = String(readdirSync(records).length).padStart(2, '0');
  if (child.pid) writeFileSync(join(records, `${order}-${name}`), JSON.stringify(identityOf(child.pid)));
  return { failure: () => (ended ? (lastLine(readFileSync(logPath, 'utf8')) ?? 'without a word') : undefined) };
}

/** Ends the daemons of a place, the last started first: SIGTERM, and SIGKILL after 15 s. */
export async function stopDaemons(directory) {
  for (const daemon of recorded(directory).reverse()) {
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      if (isAlive(daemon)) process.kill(daemon.pid, signal);
      for (let waited = 0; isAlive(daemon) && waited < GRACE_MS; waited += POLL_MS) await delay(POLL_MS);
    }
  }
}

function recorded(directory) {
  const records = join(directory, 'daemons');
  try {
    return readdirSync(records)
      .sort()
      .map((name) => JSON.parse(readFileSync(join(records, name), 'utf8')));
  } catch {
    return [];
  }
}

/**
 * Kills what a killed container daemon left running: its shims, which carry the place in their arguments, and processes whose
 * root file system lies in the place. Repeated until a look finds none.
 */
export async function killContained(directory) {
  for (let round = 0; round < 100; round++) {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isContained(name, directory));
    if (pids.length === 0) return;
    for (const pid of pids) killIfThere(Number(pid));
    await delay(POLL_MS);
  }
}

function isContained(pid, directory) {
  const [program, ...args] = procFile(pid, 'cmdline').split('\0');
  if (program.includes('containerd-shim') && args.some((arg) => arg.startsWith(`${directory}/`))) return true;
  // Only the root counts: services of the host with mounts of their own also list the place.
  return procFile(pid, 'mountinfo')
    .split('\n')
    .some((line) => line.split(' ')[4] === '/' && line.includes(`${directory}/`));
}

function procFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function killIfThere(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
