/** What Docker says about a container, in the words of the port. Pure. */
import type { Observation } from '../../ports/driver.js';
import { fromDockerLabels } from './labels.js';

/** Docker's states. Restarting cannot happen to us (no restart policy); dead is a removal that failed half-way. */
const STATES: Readonly<Record<string, Observation['state']>> = {
  created: 'created',
  running: 'running',
  restarting: 'running',
  paused: 'paused',
  exited: 'exited',
  removing: 'removing',
  dead: 'removing',
};

/** The part of Docker's inspection that counts. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly OOMKilled: boolean; readonly Pid: number };
}

/** Undefined when the container is not one of ours, or in a state that no Docker has had so far. */
export function observationOf({ Id, Name, Config, State }: Inspected): Observation | undefined {
  const labels = fromDockerLabels(Config.Labels ?? {});
  const state = STATES[State.Status];
  if (!labels || !state) return undefined;
  const exitCode = state === 'exited' ? State.ExitCode : null;
  const pid = (state === 'running' || state === 'paused') && State.Pid > 0 ? State.Pid : null;
  return { containerId: Id, name: Name.replace(/^\//, ''), labels, state, exitCode, oomKilled: State.OOMKilled, pid };
}

/** One line of Docker's list. */
export interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: string;
}

/** The list says neither exit code nor OOM flag nor pid: an observation of one that has ended must be asked for. */
export const needsInspection = ({ State }: Listed): boolean => State === 'exited';

export const observationOfListed = ({ Id, Names, Labels, State }: Listed): Observation | undefined =>
  observationOf({
    Id,
    Name: Names[0] ?? '',
    Config: { Labels },
    State: { Status: State, ExitCode: 0, OOMKilled: false, Pid: 0 },
  });
