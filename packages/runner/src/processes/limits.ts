/** Which limit of the kernel ended a run: counters of its cgroup, and room on its file systems. */
import { statfsSync } from 'node:fs';
import { KeptFile } from './kept-file.js';

/** How often each limit has struck in this kernel. */
export interface LimitCounters {
  readonly oom: number;
  readonly pids: number;
}

/** How often the CPU limit of the kernel was reached. */
export interface Throttling {
  /** Periods of the scheduler in which anything ran. */
  readonly periods: number;
  /** Those of them that used up what they had. */
  readonly throttled: number;
}

/** cgroup v2, then v1. */
const OOM_FILES = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];
const PIDS_FILES = ['/sys/fs/cgroup/pids.events', '/sys/fs/cgroup/pids/pids.events'];
const CPU_FILES = ['/sys/fs/cgroup/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'];

interface Files {
  readonly oom: KeptFile | undefined;
  readonly pids: KeptFile | undefined;
  readonly cpu: KeptFile | undefined;
}
let opened: Files | undefined;
const files = (): Files => (opened ??= { oom: firstOf(OOM_FILES), pids: firstOf(PIDS_FILES), cpu: firstOf(CPU_FILES) });

/** The counters now; 0 where a host does not show them. */
export function readLimitCounters(): LimitCounters {
  const { oom, pids } = files();
  return { oom: readCounter(oom, 'oom_kill'), pids: readCounter(pids, 'max') };
}

/** The CPU limit's counters now; undefined where a host does not show them. */
export function readThrottling(): Throttling | undefined {
  try {
    const text = files().cpu?.read();
    return text === undefined
      ? undefined
      : { periods: parseCounter(text, 'nr_periods'), throttled: parseCounter(text, 'nr_throttled') };
  } catch {
    return undefined;
  }
}

function firstOf(paths: readonly string[]): KeptFile | undefined {
  for (const path of paths) {
    try {
      return new KeptFile(path);
    } catch {
      // The other cgroup version, or none that is shown here.
    }
  }
  return undefined;
}

function readCounter(file: KeptFile | undefined, name: string): number {
  if (file === undefined) return 0;
  try {
    return parseCounter(file.read(), name);
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
