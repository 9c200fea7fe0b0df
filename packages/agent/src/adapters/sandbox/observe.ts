/** How a sandbox is, from its record and the processes that there are. */
import type { ContainerPlan, Observation } from '../../ports/driver.js';
import type { Groups } from './cgroup/groups.js';
import { isPaused } from './pause.js';
import type { Records } from './records.js';
import { isAlive, parseProcessName, type ProcessName } from './stat.js';
import { parseStatus } from './status.js';

/** SIGKILL, as shells tell it: nobody was left to say more. */
const KILLED = 137;

export interface Life {
  readonly plan: ContainerPlan;
  readonly started: boolean;
  /** Its processes that live; the first is bubblewrap, unless somebody has killed that. */
  readonly monitor: ProcessName | undefined;
  readonly first: ProcessName | undefined;
  readonly firstPid: number | null;
  readonly exitCode: number | null;
}

/** Undefined when there is no such sandbox. */
export async function lifeOf(records: Records, id: string): Promise<Life | undefined> {
  const plan = await records.plan(id);
  if (!plan) return undefined;
  const pid = await records.read(id, 'pid');
  if (pid === '') return { plan, started: false, monitor: undefined, first: undefined, firstPid: null, exitCode: null };
  const monitor = livingOf(pid);
  const first = livingOf(await records.read(id, 'first'));
  // Read last: bubblewrap writes the exit code before it ends.
  const { firstPid, exitCode } = parseStatus(await records.read(id, 'status'));
  return { plan, started: true, monitor, first, firstPid, exitCode };
}

function livingOf(text: string): ProcessName | undefined {
  const name = parseProcessName(text);
  return name && isAlive(name) ? name : undefined;
}

export const isRunning = ({ monitor, first }: Life): boolean => monitor !== undefined || first !== undefined;

export async function observationOf(id: string, life: Life, groups: Groups): Promise<Observation> {
  const { plan, started, firstPid, exitCode } = life;
  const running = isRunning(life);
  const own = groups.of(id, plan);
  const paused = running && (await isPaused(life, groups, own));
  return {
    containerId: id,
    name: plan.name,
    labels: plan.labels,
    state: !started ? 'created' : paused ? 'paused' : running ? 'running' : 'exited',
    exitCode: started && !running ? (exitCode ?? KILLED) : null,
    oomKilled: started && (await groups.memoryKills(own)) > 0,
    pid: running ? firstPid : null,
  };
}
