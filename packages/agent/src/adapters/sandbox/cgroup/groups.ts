/** Control groups of sandboxes: one per sandbox and hierarchy, made before it starts and removed after its end. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { ContainerPlan } from '../../../ports/driver.js';
import { parseHierarchies, type Controller } from './hierarchies.js';
import { freezerOf, groupsOf, isFrozen, TOP, type Group } from './layout.js';

/** Those without which a limit is missing. */
const WANTED = ['memory', 'cpu', 'cpuset', 'pids'] as const;
/** The kernel lets go of a group a moment after its last process. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 10;
/** Version 2: which controllers the groups below have. */
const CONTROL = 'cgroup.subtree_control';

export class Groups {
  /** Controllers that can be used, and where. */
  readonly #hierarchies: ReturnType<typeof parseHierarchies>;
  readonly #unified: readonly string[];
  /** Limits that this machine does not let us set. */
  readonly missing: readonly Controller[];
  readonly #note: string;

  private constructor(
    hierarchies: ReturnType<typeof parseHierarchies>,
    unified: readonly string[],
    missing: readonly Controller[],
  ) {
    this.#hierarchies = hierarchies;
    this.#unified = unified;
    this.missing = missing;
    this.#note = hierarchies.v1.has('memory') ? 'cgroup v1' : 'cgroup v2';
  }

  /** Looks which hierarchies this process may use; `mountinfo` names them. Never rejects: what cannot be used is missing. */
  static async find(mountinfo = '/proc/self/mountinfo'): Promise<Groups> {
    const { v1, v2 } = parseHierarchies(await readFile(mountinfo, 'utf8').catch(() => ''));
    const writable = new Map<Controller, string>();
    for (const [controller, point] of v1) if (await canMakeGroups(point)) writable.set(controller, point);
    const unified = v2 !== null && (await canMakeGroups(v2)) ? await handedDown(v2) : [];
    const missing = WANTED.filter(
      (controller) => !writable.has(controller) && (v1.has(controller) || !unified.includes(controller)),
    );
    return new Groups({ v1: writable, v2 }, unified, missing);
  }

  /** None at all: for who has no right to them. */
  static none(): Groups {
    return new Groups({ v1: new Map(), v2: null }, [], WANTED);
  }

  get description(): string {
    return this.missing.length === WANTED.length ? 'without cgroups' : this.#note;
  }

  /** The groups that a sandbox has. */
  of(id: string, limits: Pick<ContainerPlan, 'memoryBytes' | 'cpus' | 'cpuset' | 'pids'>): readonly Group[] {
    return groupsOf(id, limits, this.#hierarchies, this.#unified);
  }

  /** Makes them with their limits. Idempotent. Errors: `create-failed`, naming the file. */
  async make(groups: readonly Group[]): Promise<void> {
    for (const group of groups) {
      await mkdir(group.path, { recursive: true });
      if (group.version === 2) await delegate(group);
      if (group.controllers.includes('cpuset') && group.version === 1) await inheritCores(group);
      for (const { name, value, optional } of group.files) {
        try {
          await writeFile(join(group.path, name), value);
        } catch (error) {
          if (optional && (error as NodeJS.ErrnoException).code !== 'EINVAL') continue;
          throw new BerthError('create-failed', `${join(group.path, name)} does not take ${value}: ${(error as Error).message}`, {
            cause: error,
          });
        }
      }
    }
  }

  /** Removes them and ends what is still in them; groups that are gone are passed over. Rejects when they are not empty after 5 s. */
  async remove(groups: readonly Group[]): Promise<void> {
    for (const { path } of groups) {
      await removeWhenEmpty(path);
      // The last one turns off the light.
      await rmdir(dirname(path)).catch(() => {});
    }
  }

  /** Stops all processes in them at once, or lets them go on; false where there is no freezer. Errors: `timeout`. */
  async freeze(groups: readonly Group[], paused: boolean): Promise<boolean> {
    const freezer = freezerOf(groups, paused);
    if (!freezer) return false;
    try {
      await writeFile(freezer.path, freezer.value);
    } catch (error) {
      // Version 2 before Linux 5.2 has none; a group that is gone holds nobody.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return false;
    }
    for (let waited = 0; (await this.frozen(groups)) !== paused; waited += LOOK_AGAIN_MS) {
      if (waited >= PATIENCE_MS) throw new BerthError('timeout', `${freezer.path} was not obeyed within ${PATIENCE_MS / 1000} s`);
      await sleep(LOOK_AGAIN_MS);
    }
    return true;
  }

  /** Whether their freezer holds all processes in them. */
  async frozen(groups: readonly Group[]): Promise<boolean> {
    const freezer = freezerOf(groups, true);
    if (!freezer) return false;
    const shown = freezer.path.endsWith('.state') ? freezer.path : join(dirname(freezer.path), 'cgroup.events');
    return isFrozen(await readOr(shown));
  }

  /** How often the memory limit has struck; 0 where nobody counts. */
  async memoryKills(groups: readonly Group[]): Promise<number> {
    const group = groups.find(({ controllers }) => controllers.includes('memory'));
    if (!group) return 0;
    const text = await readOr(join(group.path, group.version === 2 ? 'memory.events' : 'memory.oom_control'));
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);
const readOr = (path: string, otherwise = ''): Promise<string> => readFile(path, 'utf8').catch(() => otherwise);

async function canMakeGroups(point: string): Promise<boolean> {
  const top = join(point, TOP);
  const trial = join(top, `trial-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(trial, { recursive: true });
    await rmdir(trial);
    return true;
  } catch {
    return false;
  } finally {
    await rmdir(top).catch(() => {});
  }
}

/** Version 2: the controllers that the group at `point` hands down to those below it, or does when asked to. */
async function handedDown(point: string): Promise<readonly string[]> {
  const control = join(point, CONTROL);
  for (const controller of words(await readOr(join(point, 'cgroup.controllers')))) {
    // A group with processes of its own hands nothing down, and one that may not write neither: what counts is what stands there after.
    await writeFile(control, `+${controller}`).catch(() => {});
  }
  return words(await readOr(control));
}

/**
 * Version 2: our top group hands down what it was given. Only once a group is in it, so that the end of another sandbox cannot take it away; and
 * what it is given is asked for again: systemd takes back at the top what no group below hands down.
 */
async function delegate({ mount, path, controllers }: Group): Promise<void> {
  const top = dirname(path);
  const wish = controllers.map((name) => `+${name}`).join(' ');
  // One that we may not write can still have it all.
  await writeFile(join(mount, CONTROL), wish).catch(() => {});
  await writeFile(join(top, CONTROL), wish).catch((error: unknown) => {
    throw new BerthError('create-failed', `${top} does not hand down ${wish}: ${(error as Error).message}`, { cause: error });
  });
}

/** Version 1: a new group has no cores and no memory nodes, and takes no process until it has. */
async function inheritCores({ mount, path }: Group): Promise<void> {
  for (const level of [dirname(path), path]) {
    for (const name of ['cpuset.cpus', 'cpuset.mems']) {
      if ((await readOr(join(level, name))).trim() === '') await writeFile(join(level, name), await readOr(join(mount, name)));
    }
  }
}

async function removeWhenEmpty(path: string): Promise<void> {
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    try {
      return await rmdir(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return;
      if (code !== 'EBUSY' || waited >= PATIENCE_MS) throw error;
      for (const pid of words(await readOr(join(path, 'cgroup.procs')))) kill(Number(pid));
      await sleep(LOOK_AGAIN_MS);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
