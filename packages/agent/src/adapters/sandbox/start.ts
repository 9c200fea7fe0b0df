/** From a record to a process. */
import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { ContainerPlan, Mount } from '../../ports/driver.js';
import { mountPointsOf, sandboxOptions } from './command.js';
import { HOST } from './images.js';
import { innerMounts, innerNamespaces } from './inner.js';
import type { Machine } from './machine.js';
import type { Records } from './records.js';
import { directoryRoot, hostRoot } from './root.js';
import { begin } from './spawn.js';

/** Errors: `create-failed`. Groups that were made are removed with the sandbox. */
export async function startSandbox(records: Records, id: string, plan: ContainerPlan, machine: Machine): Promise<ChildProcess> {
  const { bubblewrap, groups, maker, covered, filter } = machine;
  const shown = [...(await namesFor(plan)), ...(await innerFor(records, id, plan, machine))];
  const root =
    plan.imageId === HOST
      ? await hostRoot(records.shared)
      : await directoryRoot(plan.imageId, mountPointsOf(plan, shown, isDirectory));
  const own = groups.of(id, plan);
  await groups.make(own);
  const options = sandboxOptions(plan, { maker, root, groups: own, covered, shown });
  return begin({ records, id, program: bubblewrap.program, options, command: plan.command, groups: own, filter });
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
