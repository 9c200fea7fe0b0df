/**
 * Files that are to be put into the object store, on disk: a copy of each, and what is to become of it. Their addresses have been told, so they
 * outlive their kernel and the agent. Two files for each: the copy comes first, its description makes it count.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@berth/base';
import { snapshot } from './snapshot.js';

/** One file that waits. */
export interface Waiting {
  /** Ascending: the later one of a key counts. */
  readonly number: number;
  readonly key: string;
  readonly contentType: string;
  readonly size: number;
  /** Of the copy, hexadecimal; undefined of one that an earlier version has made. */
  readonly sha256?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

const VERSION = 1;
const NAME = /^(\d{1,15})\.(json|data)$/;

export class Outbox {
  readonly #directory: string;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;
  #bytes = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the directory (0700) where it is missing. What was never whole is removed; `damaged` tells how many that counted were not whole. */
  static async open(directory: string): Promise<{ outbox: Outbox; damaged: number }> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const outbox = new Outbox(directory);
    const damaged = await outbox.#load();
    return { outbox, damaged };
  }

  /** In the order in which they came. */
  all(): IterableIterator<Waiting> {
    return this.#waiting.values();
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Of the copies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies an open file; it waits, durably, when this resolves. Errors: those of `snapshot`, and of the disk; nothing is left then. */
  async add(
    source: FileHandle,
    about: Pick<Waiting, 'key' | 'contentType' | 'since'>,
    most: number,
  ): Promise<{ waiting: Waiting; steady: boolean }> {
    const number = ++this.#number;
    try {
      const { size, sha256, steady } = await snapshot(source, this.#pathOf(number, 'data'), { most });
      const waiting: Waiting = { number, ...about, size, sha256 };
      await replaceFile(this.#pathOf(number, 'json'), JSON.stringify({ v: VERSION, ...waiting }));
      this.#remember(waiting);
      return { waiting, steady };
    } catch (error) {
      await this.#erase(number);
      throw error;
    }
  }

  /** The copy, for reading. The caller closes it. */
  async content(number: number): Promise<FileHandle> {
    return open(this.#pathOf(number, 'data'), constants.O_RDONLY | constants.O_NOFOLLOW);
  }

  async remove(number: number): Promise<void> {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    this.#bytes -= waiting?.size ?? 0;
    await this.#erase(number);
  }

  async #load(): Promise<number> {
    const numbers = new Set<number>();
    for (const name of await readdir(this.#directory)) {
      const number = NAME.exec(name)?.[1];
      if (number === undefined) await rm(join(this.#directory, name), { force: true, recursive: true });
      else numbers.add(Number(number));
    }
    let damaged = 0;
    for (const number of [...numbers].sort((a, b) => a - b)) {
      this.#number = Math.max(this.#number, number);
      const found = await this.#read(number);
      if (typeof found !== 'string') this.#remember(found);
      else if (found !== 'of another version') {
        if (found === 'damaged') damaged += 1;
        await this.#erase(number);
      }
    }
    return damaged;
  }

  async #read(number: number): Promise<Waiting | 'damaged' | 'never counted' | 'of another version'> {
    const text = await readFile(this.#pathOf(number, 'json'), 'utf8').catch(() => undefined);
    if (text === undefined) return 'never counted';
    try {
      const { v, key, contentType, size, sha256, since } = JSON.parse(text) as Waiting & { v: number };
      if (v !== VERSION) return 'of another version';
      const there = await stat(this.#pathOf(number, 'data'));
      if (there.size !== size || typeof key !== 'string' || typeof contentType !== 'string') return 'damaged';
      return { number, key, contentType, size, since, ...(typeof sha256 === 'string' && { sha256 }) };
    } catch {
      return 'damaged';
    }
  }

  #remember(waiting: Waiting): void {
    this.#waiting.set(waiting.number, waiting);
    this.#bytes += waiting.size;
  }

  /** The description first: a copy without one counts for nothing. */
  async #erase(number: number): Promise<void> {
    for (const part of ['json', 'data'] as const) await rm(this.#pathOf(number, part), { force: true });
  }

  #pathOf(number: number, part: 'json' | 'data'): string {
    return join(this.#directory, `${number}.${part}`);
  }
}
