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
  readonly NetworkSettings?: {
    readonly Ports?: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>> | null;
  };
}

/**
 * Whether an answer is an inspection at all, in a state that is known. One that is not must never pass for "there is none": that would
 * be the end of a session.
 */
export function isInspected(answer: unknown): answer is Inspected {
  const { Id, Name, Config, State } = (answer ?? {}) as Partial<Record<keyof Inspected, unknown>>;
  const status = (State as { readonly Status?: unknown } | null | undefined)?.Status;
  const known = typeof status === 'string' && Object.hasOwn(STATES, status);
  return typeof Id === 'string' && typeof Name === 'string' && typeof Config === 'object' && Config !== null && known;
}

/** Whether an answer is Docker's list. */
export const isListed = (answer: unknown): answer is readonly Listed[] => Array.isArray(answer) && answer.every(isOneListed);

function isOneListed(one: unknown): boolean {
  const { Id, Names, Labels, State } = (one ?? {}) as Partial<Record<keyof Listed, unknown>>;
  return (
    typeof Id === 'string' && (Names === null || Array.isArray(Names)) && typeof Labels === 'object' && typeof State === 'string'
  );
}

/** Undefined when the container is not one of ours. */
export function observationOf({ Id, Name, Config, State, NetworkSettings }: Inspected): Observation | undefined {
  const labels = fromDockerLabels(Config.Labels ?? {});
  const state = STATES[State.Status];
  if (!labels || !state) return undefined;
  const exitCode = state === 'exited' ? State.ExitCode : null;
  const pid = (state === 'running' || state === 'paused') && State.Pid > 0 ? State.Pid : null;
  const ports = portsOf(NetworkSettings?.Ports ?? {});
  return { containerId: Id, name: Name.replace(/^\//, ''), labels, state, exitCode, oomKilled: State.OOMKilled, pid, ...ports };
}

/** The first address of each port; nothing when none is published. */
function portsOf(bindings: NonNullable<NonNullable<Inspected['NetworkSettings']>['Ports']>): Pick<Observation, 'ports'> {
  const published = Object.entries(bindings).flatMap(([name, all]) =>
    all?.[0] ? [[Number.parseInt(name, 10), { host: all[0].HostIp, port: Number(all[0].HostPort) }] as const] : [],
  );
  return published.length > 0 ? { ports: Object.fromEntries(published) } : {};
}

/** One line of Docker's list. */
export interface Listed {
  readonly Id: string;
  /** Null for one that is going. */
  readonly Names: readonly string[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly State: string;
}

/** The list says neither exit code nor OOM flag nor pid: an observation of one that has ended must be asked for. */
export const needsInspection = ({ State }: Listed): boolean => State === 'exited';

export const observationOfListed = ({ Id, Names, Labels, State }: Listed): Observation | undefined =>
  observationOf({
    Id,
    Name: Names?.[0] ?? '',
    Config: { Labels },
    State: { Status: State, ExitCode: 0, OOMKilled: false, Pid: 0 },
  });
