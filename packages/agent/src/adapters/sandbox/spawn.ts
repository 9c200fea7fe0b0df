/** Starts what a launcher prepared as a process that belongs to nobody: it outlives the agent, and has nothing of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { systemClock, sleep } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { Group } from './cgroup/layout.js';
import type { Launch } from './launcher.js';
import type { Records } from './records.js';
import { parseProcessName, statOf, type ProcessName } from './stat.js';
import { parseStatus } from './status.js';

/**
 * Writes down who it is, which only the first can (noclobber), joins the groups, and becomes the command: the pid stays, and so does the
 * start. Arguments: file for the name, groups, `--`, command.
 */
const BEGIN = `set -C; umask 022; ulimit -c 0
read -r boot < /proc/sys/kernel/random/boot_id && read -r stat < /proc/$$/stat || exit 70
printf '%s\\n%s\\n' "$boot" "$stat" > "$1" || exit 75
shift
echo 0 2>/dev/null >| /proc/self/oom_score_adj
while [ "$1" != -- ]; do echo 0 >| "$1" || exit 71; shift; done
shift
exec "$@"`;

const LOOK_AGAIN_MS = 2;
const PATIENCE_MS = 15_000;

export interface Beginning {
  readonly records: Records;
  readonly id: string;
  readonly groups: readonly Group[];
  readonly launch: Launch;
}

/** Resolves when it was started; whether the sandbox comes about is for {@link untilUp} to see. */
export async function begin({ records, id, groups, launch }: Beginning): Promise<ChildProcess> {
  const { under, command, options = [], filter } = launch;
  await writeFile(records.pathOf(id, 'args'), options.map((option) => `${option}\0`).join(''), { mode: 0o600 });
  const status = await open(records.pathOf(id, 'status'), 'a', 0o600);
  const args = await open(records.pathOf(id, 'args'), 'r');
  const errors = await open(records.pathOf(id, 'errors'), 'a', 0o600);
  try {
    const procs = groups.map(({ path }) => join(path, 'cgroup.procs'));
    const argv = [...under, '/bin/sh', '-c', BEGIN, 'sh', records.pathOf(id, 'pid'), ...procs, '--', ...command];
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: '/',
      env: {},
      detached: true,
      stdio: ['ignore', 'ignore', errors.fd, status.fd, args.fd, filter === undefined ? 'ignore' : 'pipe'],
    });
    if (filter !== undefined) give(child, filter);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    return child;
  } catch (error) {
    throw new BerthError('create-failed', `the sandbox cannot be started: ${(error as Error).message}`, { cause: error });
  } finally {
    await Promise.all([status.close(), args.close(), errors.close()]);
  }
}

function give(child: ChildProcess, filter: Uint8Array): void {
  const end = (child.stdio as readonly unknown[])[5] as Writable;
  end.on('error', () => {});
  end.end(filter);
}

/** Resolves when the program of the sandbox runs, or ran. Errors: `create-failed` with what is complained of; `timeout`; the signal's reason. */
export async function untilUp(
  records: Records,
  id: string,
  child: ChildProcess,
  launch: Launch,
  signal?: AbortSignal,
): Promise<void> {
  const until = systemClock.monotonic() + PATIENCE_MS;
  for (;;) {
    const over = child.exitCode !== null || child.signalCode !== null;
    const { firstPid, exitCode } = parseStatus(await records.read(id, 'status'));
    if (exitCode !== null) return;
    if (over) throw await whyNot(records, id);
    if (firstPid !== null) {
      const monitor = parseProcessName(await records.read(id, 'pid'));
      if (monitor && launch.hasBegun(monitor.pid, firstPid)) return writeFirst(records, id, monitor, firstPid);
    }
    if (systemClock.monotonic() > until) throw new BerthError('timeout', `the sandbox did not start within ${PATIENCE_MS} ms`);
    await sleep(LOOK_AGAIN_MS, signal);
  }
}

async function writeFirst(records: Records, id: string, monitor: ProcessName, pid: number): Promise<void> {
  const stat = statOf(pid);
  if (stat?.parent !== monitor.pid) return;
  const line = `${pid} (first) S ${[stat.parent, ...Array<string>(17).fill('0'), stat.started].join(' ')}`;
  await writeFile(records.pathOf(id, 'first'), `${monitor.boot}\n${line}\n`, { mode: 0o600 });
}

async function whyNot(records: Records, id: string): Promise<BerthError> {
  const lines = (await records.read(id, 'errors')).split('\n').filter(Boolean);
  const said = lines.at(-1)?.slice(0, 1000) ?? 'it ended without a word';
  return new BerthError('create-failed', `the sandbox cannot be started: ${said}`);
}
