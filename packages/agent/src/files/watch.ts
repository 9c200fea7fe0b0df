/**
 * Changes below a directory of a kernel, by inotify: one watch per directory, each set through a directory that was opened without following a link.
 * What inotify says is a hint only: what is told is what is there when it is told.
 */
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { lstat } from 'node:fs/promises';
import {
  inDirectory,
  isTemporary,
  openDirectory,
  sleep,
  TooMuchError,
  UnsafePathError,
  walkBelow,
  type Clock,
} from '@berth/base';
import type { FileChange } from '@berth/wire';
import { entryOf } from './entry.js';

export interface WatchLimits {
  /** Directories of one watch. */
  readonly directories: number;
  /** Names that wait to be told; more become an overflow. */
  readonly pending: number;
  /** Changes of so many milliseconds are told as one. */
  readonly gatherMs: number;
}

export const WATCH_LIMITS: WatchLimits = { directories: 1000, pending: 10_000, gatherMs: 50 };

export interface WatchOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly limits?: Partial<WatchLimits>;
}

/** Ends with the signal, or when its reader stops. Errors: ENOENT, `UnsafePathError`, `TooMuchError` for more directories than the limit. */
export async function* watchTree(root: string, names: readonly string[], options: WatchOptions): AsyncGenerator<FileChange> {
  const tree = new TreeWatch(root, names, { ...WATCH_LIMITS, ...options.limits });
  const stop = () => tree.wake();
  options.signal.addEventListener('abort', stop);
  try {
    await tree.watchAll();
    yield { type: 'ready' };
    while (!options.signal.aborted) {
      await tree.something();
      if (options.signal.aborted) return;
      await sleep(tree.limits.gatherMs, options.signal, options.clock).catch(() => {});
      if (tree.takeOverflow()) {
        await tree.watchAll();
        yield { type: 'overflow' };
      }
      for (const path of tree.takePending()) {
        const change = await tree.look(path);
        if (change) yield change;
        if (options.signal.aborted) return;
      }
    }
  } finally {
    options.signal.removeEventListener('abort', stop);
    tree.close();
  }
}

class TreeWatch {
  readonly limits: WatchLimits;
  readonly #root: string;
  readonly #top: readonly string[];
  readonly #watchers = new Map<string, FSWatcher>();
  #pending = new Set<string>();
  #overflow = false;
  #wake: () => void = () => {};
  /** Events of this turn of the loop: as many as the kernel's queue holds means that some may be missing, which libuv does not tell. */
  #thisTurn = 0;
  readonly #queueLength = kernelQueueLength();

  constructor(root: string, top: readonly string[], limits: WatchLimits) {
    this.#root = root;
    this.#top = top;
    this.limits = limits;
  }

  wake(): void {
    this.#wake();
  }

  /** Resolves when something waits, or with {@link wake}. */
  async something(): Promise<void> {
    if (this.#overflow || this.#pending.size > 0) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  takeOverflow(): boolean {
    const overflow = this.#overflow;
    this.#overflow = false;
    return overflow;
  }

  takePending(): ReadonlySet<string> {
    const pending = this.#pending;
    this.#pending = new Set();
    return pending;
  }

  /** Watches every directory that there is. */
  async watchAll(): Promise<void> {
    await this.#watchDirectory(this.#top, () => {});
  }

  /** What is to be told of `path`. A directory that is new is watched from now on, and what is in it already waits to be told. */
  async look(path: string): Promise<FileChange | undefined> {
    const names = path.split('/');
    try {
      const parent = await openDirectory(this.#root, names.slice(0, -1));
      let stats;
      try {
        stats = await lstat(inDirectory(parent, names.at(-1)!));
      } finally {
        await parent.close();
      }
      if (stats.isDirectory() && !this.#watchers.has(path)) await this.#watchDirectory(names, (inside) => this.#add(inside));
      return { type: 'changed', path, entry: entryOf(path, stats) };
    } catch (error) {
      if (error instanceof TooMuchError) throw error;
      this.#forget(path);
      return { type: 'removed', path };
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** The watch comes before the look inside, so that nothing falls between the two. */
  async #watchDirectory(names: readonly string[], found: (path: string) => void): Promise<void> {
    const directory = await openDirectory(this.#root, names);
    try {
      this.#watch(inDirectory(directory, '.'), names);
      for await (const entry of walkBelow(directory, { depth: 1, skip: isTemporary })) {
        const inside = [...names, ...entry.names];
        found(inside.join('/'));
        if (entry.stats.isDirectory() && !this.#watchers.has(inside.join('/')))
          await this.#watchDirectory(inside, found).catch(unlessTooMuch);
      }
    } finally {
      await directory.close();
    }
  }

  #watch(at: string, names: readonly string[]): void {
    const path = names.join('/');
    if (this.#watchers.has(path)) return;
    if (this.#watchers.size >= this.limits.directories)
      throw new TooMuchError(
        `${JSON.stringify(path)} is one directory more than the ${this.limits.directories} that can be watched`,
      );
    try {
      const watcher = watch(at, { persistent: false }, (_event, name) => this.#heard(names, name ?? '.'));
      watcher.on('error', () => this.#missed());
      this.#watchers.set(path, watcher);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
      throw new TooMuchError('this machine watches as many directories as it may (fs.inotify.max_user_watches)');
    }
  }

  #heard(names: readonly string[], name: string): void {
    if (this.#thisTurn++ === 0) setImmediate(() => (this.#thisTurn = 0));
    if (this.#thisTurn >= this.#queueLength / 2) return this.#missed();
    if (isTemporary(name)) return;
    // What is no text has no path that could be told.
    if (name.includes('\ufffd')) return this.#missed();
    // The directory itself; of the top nobody else tells.
    if (name === '.') return names.length > 0 ? this.#add(names.join('/')) : undefined;
    this.#add([...names, name].join('/'));
  }

  #add(path: string): void {
    this.#pending.add(path);
    if (this.#pending.size > this.limits.pending) this.#missed();
    this.#wake();
  }

  #missed(): void {
    this.#pending.clear();
    this.#overflow = true;
    this.#wake();
  }

  /** A directory that has this name later is another one. */
  #forget(path: string): void {
    for (const [watched, watcher] of this.#watchers) {
      if (watched !== path && !watched.startsWith(`${path}/`)) continue;
      watcher.close();
      this.#watchers.delete(watched);
    }
  }
}

/** What went away or became a link meanwhile is not watched. */
function unlessTooMuch(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (!(error instanceof UnsafePathError) && code !== 'ENOENT' && code !== 'EACCES') throw error;
}

function kernelQueueLength(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1'));
  } catch {
    return 16_384;
  }
}
