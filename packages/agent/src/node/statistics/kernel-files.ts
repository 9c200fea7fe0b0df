/**
 * The open files that tell what one container uses. They stay open: a sample is one `pread` each, a fifth of the cost of opening them
 * again, and a descriptor never comes to mean another process when the pid is given out anew.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { groupDirectory, parseGroups, parseMounts } from './cgroup.js';
import {
  GROUP_SOURCES,
  isPopulated,
  NETWORK_FILE,
  noCounters,
  POPULATION_FILE,
  putTraffic,
  type Counters,
  type GroupSource,
} from './sources.js';

interface OpenSource {
  readonly source: GroupSource;
  readonly version: 1 | 2;
  readonly fd: number;
}

const ownPid = process.pid;
/** What one file may say at most; beyond it the rest is not read. */
const buffer = Buffer.alloc(64 * 1024);
/** The kernel fills a page and stops before a line that would not fit; none of these lines is that long. */
const SHORT_READ = 2048;

export class KernelFiles {
  readonly #sources: readonly OpenSource[];
  readonly #network: number | undefined;
  readonly #population: { readonly fd: number; readonly version: 1 | 2 } | undefined;
  /** `cgroup` of the process: can no longer be read when it is gone. */
  readonly #process: number;
  #closed = false;

  private constructor(
    sources: readonly OpenSource[],
    network: number | undefined,
    population: { readonly fd: number; readonly version: 1 | 2 } | undefined,
    process: number,
  ) {
    this.#sources = sources;
    this.#network = network;
    this.#population = population;
    this.#process = process;
  }

  /**
   * Opens what there is for the first process of a container. A missing file is a missing value; rejects when the process is gone, or when
   * this process may open no more files. `root` stands before every path: recorded files of other machines.
   */
  static async open(pid: number, root = ''): Promise<KernelFiles> {
    const proc = `${root}/proc/${pid}`;
    const mounts = parseMounts(await readFile(`${root}/proc/self/mountinfo`, 'utf8'));
    const opened: number[] = [];
    const keep = (path: string) => {
      const fd = openIfThere(path);
      if (fd !== undefined) opened.push(fd);
      return fd;
    };
    try {
      const process = openSync(`${proc}/cgroup`, 'r');
      opened.push(process);
      const own = pid === ownPid ? '' : await readFile(`${root}/proc/self/cgroup`, 'utf8').catch(() => '');
      const groups = apartFrom(parseGroups(own), parseGroups(readText(process) ?? ''));
      const directoryOf = (controller: string) => groupDirectory(controller, groups, mounts);
      const sources = GROUP_SOURCES.flatMap((source) => {
        const directory = directoryOf(source.controller);
        const fd = directory && keep(`${root}${directory.path}/${source.file[directory.version]}`);
        return directory && fd !== null && fd !== undefined ? [{ source, version: directory.version, fd }] : [];
      });
      const first = directoryOf('cpuacct') ?? directoryOf('memory');
      const populationFd = first && keep(`${root}${first.path}/${POPULATION_FILE[first.version]}`);
      const population =
        first && populationFd !== null && populationFd !== undefined ? { fd: populationFd, version: first.version } : undefined;
      const network = ofOtherNamespace(keep(`${proc}/${NETWORK_FILE}`), root);
      return new KernelFiles(sources, network, population, process);
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
  }

  /** What they say now; undefined when the container is gone. Takes some 10 microseconds and never waits for a disk. */
  read(): Counters | undefined {
    if (this.#closed) return undefined;
    const counters = noCounters();
    let seen = false;
    for (const { source, version, fd } of this.#sources) {
      const text = readText(fd);
      if (text === undefined) continue;
      seen = true;
      source.put(counters, text, version);
    }
    // The group went away with its last process; so did its interfaces.
    if (!seen && (this.#sources.length > 0 || readText(this.#process) === undefined)) return undefined;
    const traffic = this.#network === undefined ? undefined : readText(this.#network);
    if (traffic !== undefined) putTraffic(counters, traffic);
    return counters;
  }

  /** No process is left, but the group still is: what is read from now on is final. */
  get isEmpty(): boolean {
    if (this.#closed || this.#population === undefined) return false;
    const text = readText(this.#population.fd);
    return text !== undefined && !isPopulated(text, this.#population.version);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const fds = [...this.#sources.map(({ fd }) => fd), this.#network, this.#population?.fd, this.#process];
    for (const fd of fds) if (fd !== undefined) closeSync(fd);
  }
}

/** Of a driver that has no groups of its own a container is in those of this process: their numbers are not the container's. */
const apartFrom = (own: ReadonlyMap<string, string>, groups: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...groups].filter(([controller, group]) => own.get(controller) !== group));

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    // Out of descriptors is a state of ours, and passes.
    if (['EMFILE', 'ENFILE', 'ENOMEM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return undefined;
  }
}

/** A kernel on the machine's own network has no traffic of its own. Each network namespace has its own inode here. */
function ofOtherNamespace(fd: number | undefined, root: string): number | undefined {
  if (fd === undefined) return undefined;
  try {
    if (fstatSync(fd).ino !== statSync(`${root}/proc/self/${NETWORK_FILE}`).ino) return fd;
  } catch {
    return fd;
  }
  closeSync(fd);
  return undefined;
}

function readText(fd: number): string | undefined {
  let length = 0;
  try {
    while (length < buffer.length) {
      const got = readSync(fd, buffer, length, buffer.length - length, length);
      length += got;
      if (got < SHORT_READ) break;
    }
  } catch {
    return undefined;
  }
  return buffer.toString('latin1', 0, length);
}
