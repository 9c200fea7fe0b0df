/** Which limit of the kernel ended a run: counters of its cgroup, and room on its file systems. */
import { statfsSync } from 'node:fs';
import { groupPaths, ownGroups } from './groups.js';
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

interface Files {
  readonly oom: KeptFile | undefined;
  readonly pids: KeptFile | undefined;
  readonly cpu: KeptFile | undefined;
}
let opened: Files | undefined;

function files(): Files {
  if (opened) return opened;
  const own = ownGroups();
  const find = (...names: [controller: string, v2: string, v1: string]) => firstOf(groupPaths(own, ...names));
  opened = {
    oom: find('memory', 'memory.events', 'memory.oom_control'),
    pids: find('pids', 'pids.events', 'pids.events'),
    cpu: find('cpu', 'cpu.stat', 'cpu.stat'),
  };
  return opened;
}

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
