/** Where a process's control groups are: `/proc/<pid>/cgroup` against the mounts. Pure; layouts of cgroupfs and systemd need no names. */

/** A mounted hierarchy. */
export interface CgroupMount {
  /** Controllers of a v1 hierarchy; `unified` for v2. */
  readonly controllers: readonly string[] | 'unified';
  /** Group that the mount point shows; `/` on a host. */
  readonly root: string;
  readonly point: string;
}

const unescape = (path: string) => path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

/** The control group mounts of a `mountinfo` file (proc(5)). Odd lines are passed over. */
export function parseMounts(mountinfo: string): readonly CgroupMount[] {
  return mountinfo.split('\n').flatMap((line): CgroupMount[] => {
    const [before, after] = line.split(' - ');
    const [root, point] = before!.split(' ').slice(3, 5);
    const [type, , options] = after?.split(' ') ?? [];
    if (root === undefined || point === undefined || options === undefined) return [];
    if (type === 'cgroup2') return [{ controllers: 'unified', root: unescape(root), point: unescape(point) }];
    if (type !== 'cgroup') return [];
    return [{ controllers: options.split(','), root: unescape(root), point: unescape(point) }];
  });
}

/** Group of each v1 controller, and of the unified hierarchy as `unified`, of a `cgroup` file (cgroups(7)). */
export function parseGroups(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    // A path may contain colons.
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (controllers === '') {
      if (id === '0') groups.set('unified', path);
    } else for (const controller of controllers!.split(',')) groups.set(controller, path);
  }
  return groups;
}

/** Directory of a group, and which version its files speak. */
export interface GroupDirectory {
  readonly version: 1 | 2;
  readonly path: string;
}

/**
 * Directory where `controller` counts this process; null where none does. A host with both versions has each controller in one. The
 * top of a hierarchy is nobody's: its numbers are the machine's.
 */
export function groupDirectory(
  controller: string,
  groups: ReadonlyMap<string, string>,
  mounts: readonly CgroupMount[],
): GroupDirectory | null {
  const v1 = mounts.filter((mount) => mount.controllers !== 'unified' && mount.controllers.includes(controller));
  const path = directoryIn(groups.get(controller), v1);
  if (path !== null) return { version: 1, path };
  const v2 = mounts.filter((mount) => mount.controllers === 'unified');
  const unified = directoryIn(groups.get('unified'), v2);
  return unified === null ? null : { version: 2, path: unified };
}

function directoryIn(group: string | undefined, mounts: readonly CgroupMount[]): string | null {
  // Groups outside of this process's namespace start with `/..`: no mount shows them.
  if (group === undefined || group.split('/').includes('..')) return null;
  for (const { root, point } of mounts) {
    const top = root === '/' ? '' : root;
    if (group.startsWith(`${top}/`) && group.length > top.length + 1) return `${point}${group.slice(top.length)}`;
  }
  return null;
}
