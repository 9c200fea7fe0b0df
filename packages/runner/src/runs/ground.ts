/** What every run stands on: made once, when the first agent has said what kernel this is. */
import type { Clock } from '@berth/base';
import type { InnerNamespaces, RunnerSpec } from '@berth/wire';
import type { Places } from '../places.js';
import { carriedNode } from '../processes/find.js';
import { FifoPool } from '../processes/fifos.js';
import type { LaunchGround } from '../processes/launch.js';
import { send } from '../processes/kill.js';
import { spawnAsFirstToGo } from '../processes/oom.js';
import { spentByEnded } from '../processes/spent.js';
import { readProcesses, type ProcessEntry } from '../processes/table.js';
import { descendantsOf } from '../processes/tree.js';
import { SharedMemory } from '../retention/memory.js';
import { spawn } from 'node:child_process';

export interface Ground {
  readonly places: Places;
  readonly spec: RunnerSpec;
  readonly clock: Clock;
  readonly memory: SharedMemory;
  readonly fifos: FifoPool;
  /** What programs are started with. */
  readonly launch: LaunchGround;
  readonly agentConnected: () => boolean;
  /** What belongs to no living run: processes whose subreaper is gone. */
  readonly orphans: () => readonly ProcessEntry[];
  /** Ends every process of the user at once. */
  readonly killUser: () => void;
}

export interface GroundOptions {
  readonly places: Places;
  readonly spec: RunnerSpec;
  readonly clock: Clock;
  readonly agentConnected: () => boolean;
  /** Pid of the init that takes in orphans; undefined when it is not ours alone, so that nothing of others is touched. */
  readonly init: number | undefined;
  /** How programs are put into namespaces of their own; undefined where another user id keeps them apart. */
  readonly inner: InnerNamespaces | undefined;
}

export function makeGround({ places, spec, clock, agentConnected, init, inner }: GroundOptions): Ground {
  const fifos = new FifoPool(places.run, spec.fifos);
  return {
    places,
    spec,
    clock,
    agentConnected,
    memory: new SharedMemory(spec.retention.memoryBytes, clock),
    fifos,
    launch: { uid: spec.uid, gid: spec.gid, fifos, carry: places.carry, inner },
    orphans: () => (init === undefined ? [] : descendantsOf(readProcesses(), init, process.pid)),
    killUser: () => killUser(places, spec),
  };
}

/** kill(-1) in the name of the user: the system does it in one go, so that nothing can fork away under it. */
function killUser(places: Places, { uid, gid }: RunnerSpec): void {
  if (uid === process.getuid?.()) return;
  const [node, ...args] = carriedNode(places) ?? [process.execPath];
  const argv = [...args, '-e', 'process.kill(-1, "SIGKILL")'];
  try {
    const helper = spawnAsFirstToGo(() => spawn(node!, argv, { stdio: 'ignore', env: {}, cwd: '/', uid, gid }));
    helper.on('error', () => {}).once('exit', () => void spentByEnded());
  } catch {
    // No process can be made at all: the next round of killing makes room.
  }
}

/** Signals all of `entries`. */
export function sendAll(entries: readonly ProcessEntry[], signal: NodeJS.Signals): void {
  for (const { pid } of entries) send(pid, signal);
}
