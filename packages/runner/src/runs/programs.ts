/** The programs of this kernel, whoever started them: listed, and signalled by their number. */
import { BerthError, type ProcessSignal, type ProcessView, type RunId } from '@berth/wire';
import { describe } from '../processes/describe.js';
import { send } from '../processes/kill.js';
import { nameOf, readProcess, readProcesses, type ProcessEntry } from '../processes/table.js';

/** More are left out: the answer must fit a frame. */
export const MOST_LISTED = 1000;

/** Processes by whom they belong to: a run, or null for what a language session keeps and what runs left in the background. */
export type Owned = ReadonlyMap<number, RunId | null>;

/** Told by number. What is ours (supervisor, subreaper, what holds a terminal) is not among them, but for the subreaper inside a terminal. */
export function listPrograms(owned: Owned): readonly ProcessView[] {
  return programs(owned)
    .sort((a, b) => a.pid - b.pid)
    .slice(0, MOST_LISTED)
    .flatMap((entry) => describe(entry, owned.get(entry.pid) ?? null) ?? []);
}

/** Errors: `no-such-process`; other processes than those that are listed are none for this. */
export function signalProgram(owned: Owned, pid: number, signal: ProcessSignal): void {
  const found = programs(owned).find((entry) => entry.pid === pid);
  const now = found && readProcess(pid);
  if (!now || nameOf(now) !== nameOf(found)) throw new BerthError('no-such-process', `the session has no process ${pid}`);
  send(pid, signal);
}

const programs = (owned: Owned): ProcessEntry[] => readProcesses().filter(({ pid }) => owned.has(pid));
