/**
 * What there is: a directory per sandbox, made before anything else and removed last. It holds
 *
 *     plan.json   what was asked for; written once
 *     args        options of bubblewrap, for whoever wants to know
 *     pid         boot id and /proc/PID/stat of bubblewrap; its existence is the start, which only one can make
 *     first       the same of the first process inside
 *     status      what bubblewrap says: first process, exit code
 *     errors      what bubblewrap and the supervisor complain of
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { BerthError } from '@berth/wire';
import type { ContainerLabels, ContainerPlan } from '../../ports/driver.js';

const ID = /^[0-9a-f]{64}$/;
const UNFINISHED = '.new-';

type FileName = 'args' | 'pid' | 'first' | 'status' | 'errors';

export class Records {
  readonly directory: string;
  /** Plans never change. */
  readonly #plans = new Map<string, ContainerPlan>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The id belongs to the name, in this directory: so a name is found without a search. */
  idOf(name: string): string {
    return createHash('sha256').update(`${this.directory}\0${name}`).digest('hex');
  }

  /** The id of what is called so, be it the id itself. */
  idFrom(idOrName: string): string {
    return ID.test(idOrName) ? idOrName : this.idOf(idOrName);
  }

  pathOf(id: string, ...file: FileName[]): string {
    return join(this.directory, id, ...file);
  }

  /** Directory for what all sandboxes share. */
  get shared(): string {
    return join(this.directory, 'shared');
  }

  /** False when there is one of that name. Errors: those of the file system. */
  async make(plan: ContainerPlan): Promise<boolean> {
    const id = this.idOf(plan.name);
    const unfinished = join(this.directory, `${UNFINISHED}${randomBytes(8).toString('hex')}`);
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    try {
      await replaceFile(join(unfinished, 'plan.json'), JSON.stringify(plan));
      // Fails where a directory with something in it has the name.
      await rename(unfinished, this.pathOf(id));
      return true;
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }

  /** Undefined when there is none. Errors: `driver-unavailable` when it cannot be read. */
  async plan(id: string): Promise<ContainerPlan | undefined> {
    let text;
    try {
      text = await readFile(join(this.pathOf(id), 'plan.json'), 'utf8');
    } catch (error) {
      this.#plans.delete(id);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unreadable(id, error);
    }
    const known = this.#plans.get(id) ?? parsePlan(id, text);
    this.#plans.set(id, known);
    return known;
  }

  /** Empty when the file is not there. */
  async read(id: string, file: FileName): Promise<string> {
    try {
      return await readFile(this.pathOf(id, file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw unreadable(id, error);
    }
  }

  /** From now on nobody can start it, unless it was started already. */
  async seal(id: string): Promise<void> {
    // The same exclusive creation by which a start is one.
    await writeFile(this.pathOf(id, 'pid'), 'sealed\n', { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
    });
  }

  async ids(): Promise<readonly string[]> {
    try {
      return (await readdir(this.directory)).filter((name) => ID.test(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new BerthError('driver-unavailable', `${this.directory} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async remove(id: string): Promise<void> {
    // First out of sight, in one step: a record that is half removed would be read as something else.
    const going = join(this.directory, `${UNFINISHED}${randomBytes(8).toString('hex')}`);
    try {
      await rename(this.pathOf(id), going);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#plans.delete(id);
    await rm(going, { recursive: true, force: true });
  }

  /** Removes what a crash left half made or half removed. Only before anything is made. */
  async tidy(): Promise<void> {
    const names = await readdir(this.directory).catch(() => []);
    const left = names.filter((name) => name.startsWith(UNFINISHED));
    await Promise.all(left.map((name) => rm(join(this.directory, name), { recursive: true, force: true })));
  }
}

const unreadable = (id: string, error: unknown): BerthError =>
  new BerthError('driver-unavailable', `the record of the sandbox ${id} cannot be read: ${(error as Error).message}`, {
    fix: 'Look at the directory `sandboxes` of the state directory.',
    cause: error,
  });

function parsePlan(id: string, text: string): ContainerPlan {
  try {
    return JSON.parse(text) as ContainerPlan;
  } catch (error) {
    throw unreadable(id, error);
  }
}

const LABELS = ['agentId', 'stateId', 'namespace', 'kernelId', 'sessionId', 'incarnation'] as const;

export const sameLabels = (a: ContainerLabels, b: ContainerLabels): boolean => LABELS.every((name) => a[name] === b[name]);
