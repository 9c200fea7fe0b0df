/** From a record to the command line of bubblewrap. */
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { ContainerPlan, Mount } from '../../ports/driver.js';
import { mountPointsOf, sandboxOptions } from './command.js';
import { HOST } from './images.js';
import { innerMounts, innerNamespaces } from './inner.js';
import type { Group } from './cgroup/layout.js';
import type { Machine } from './machine.js';
import type { Records } from './records.js';
import { directoryRoot, hostRoot } from './root.js';
import type { Launch } from './launcher.js';
import { childrenOf, statOf } from './stat.js';

/** Errors: `create-failed`. */
export async function prepareSandbox(
  records: Records,
  id: string,
  plan: ContainerPlan,
  machine: Machine,
  groups: readonly Group[],
): Promise<Launch> {
  const { bubblewrap, maker, covered, filter } = machine;
  const shown = [...(await namesFor(plan)), ...(await innerFor(records, id, plan, machine))];
  const root =
    plan.imageId === HOST
      ? await hostRoot(records.shared)
      : await directoryRoot(plan.imageId, mountPointsOf(plan, shown, isDirectory));
  // By descriptor, so that the options, which name places of this machine, are in no list of processes.
  const filtered = filter === undefined ? [] : ['--seccomp', '5'];
  return {
    under: [],
    command: [bubblewrap.program, '--json-status-fd', '3', '--args', '4', ...filtered, '--', ...plan.command],
    options: sandboxOptions(plan, { maker, root, groups, covered, shown }),
    // Half a filter, or none, is refused by bubblewrap: nothing runs without it.
    ...(filter === undefined ? {} : { filter }),
    hasBegun,
  };
}

/** The first process has a child that has become something else than bubblewrap. */
function hasBegun(monitor: number, first: number): boolean {
  const children = childrenOf(first);
  // A system that does not tell; or it is gone already.
  if (children === undefined) return statOf(first) !== undefined;
  const own = statOf(monitor)?.command;
  return children.some((pid) => {
    const stat = statOf(pid);
    return stat !== undefined && stat.command !== own;
  });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new BerthError('create-failed', `${path}, which is to be mounted, is not there`, { cause: error });
  }
}

/** On the machine's own network the machine's own names count. */
async function namesFor({ network }: ContainerPlan): Promise<readonly Mount[]> {
  if (network !== 'host') return [];
  const mounts = ['/etc/resolv.conf', '/etc/hosts'].map(async (target): Promise<Mount[]> => {
    const source = await realpath(target).catch(() => undefined);
    return source === undefined ? [] : [{ source, target, readOnly: true }];
  });
  return (await Promise.all(mounts)).flat();
}

async function innerFor(records: Records, id: string, plan: ContainerPlan, machine: Machine): Promise<readonly Mount[]> {
  const { parts } = machine;
  if (!parts) return [];
  const settings = join(records.pathOf(id), 'inner.json');
  await replaceFile(settings, JSON.stringify(innerNamespaces(plan, machine, parts)), 0o644);
  return innerMounts(settings, parts);
}
