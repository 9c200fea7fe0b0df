/** Where a process finds the files of its control groups (cgroups(7)). */
import { readFileSync } from 'node:fs';

const MOUNT = '/sys/fs/cgroup';

/**
 * Paths of the first file of version 2, then of the file of version 1 below `controller`; each first in the group that `own`
 * (/proc/self/cgroup) names, then at the root, which it is in a view of its own. Pure.
 */
export function groupPaths(own: string, controller: string, v2: string, v1: string): readonly string[] {
  const groups = own.split('\n').map((line) => line.split(':'));
  const [unified] = groups.filter(([number, names]) => number === '0' && names === '');
  const [named] = groups.filter(([, names]) => names?.split(',').includes(controller));
  const group = (parts: readonly string[] | undefined) => (parts?.slice(2).join(':') ?? '').replace(/\/$/, '');
  return [
    `${MOUNT}${group(unified)}/${v2}`,
    `${MOUNT}/${controller}${group(named)}/${v1}`,
    `${MOUNT}/${v2}`,
    `${MOUNT}/${controller}/${v1}`,
  ];
}

export function ownGroups(): string {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8');
  } catch {
    return '';
  }
}
