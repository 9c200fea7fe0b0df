/** Which limit of the kernel ended a run: counters of its cgroup, and room on its file systems. */
import { existsSync, readFileSync, statfsSync } from 'node:fs';

/** How often each limit has struck in this kernel. */
export interface LimitCounters {
  readonly oom: number;
  readonly pids: number;
}

/** cgroup v2, then v1. */
const OOM_FILES = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];
const PIDS_FILES = ['/sys/fs/cgroup/pids.events', '/sys/fs/cgroup/pids/pids.events'];

let files: { readonly oom: string | undefined; readonly pids: string | undefined } | undefined;

/** The counters now; 0 where a host does not show them. */
export function readLimitCounters(): LimitCounters {
  files ??= { oom: OOM_FILES.find(existsSync), pids: PIDS_FILES.find(existsSync) };
  return { oom: readCounter(files.oom, 'oom_kill'), pids: readCounter(files.pids, 'max') };
}

function readCounter(file: string | undefined, name: string): number {
  if (file === undefined) return 0;
  try {
    return parseCounter(readFileSync(file, 'latin1'), name);
  } catch {
    return 0;
  }
}

/** The number after `name` in lines of `name number`. */
export function parseCounter(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** Less than this counts as no room: programs fail before the last byte is used. */
const LITTLE = 64 * 1024;

/** True when one of `directories` has no room left for an ordinary user. */
export function isDiskFull(directories: readonly string[]): boolean {
  return directories.some((directory) => {
    try {
      const { bavail, bsize, files, ffree } = statfsSync(directory);
      return bavail * bsize < LITTLE || (files > 0 && ffree === 0);
    } catch {
      return false;
    }
  });
}
