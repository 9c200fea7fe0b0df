/**
 * Messages of the kernel, from the files that the keeper writes. Where reading goes on after a crash is in the file `position`, in such
 * a way that a message whose records are in a run's log is not taken again: first the intent is written, then the records.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_RECORD_BYTES } from './outputs.js';
import { endOfStream, readStream, streamFiles, type StreamFile } from './stream-files.js';
import { GREETING_BYTES, MOST_HEADER_BYTES, parseHeader } from './zmtp.js';

const WINDOW_BYTES = 256 * 1024;
/** Messages of this protocol have two. */
const MOST_PARTS = 8;
const POSITION_BYTES = 128;

/** What `position` says: reading goes on at `after` if the run's log has record `seq`, else at `before`. */
interface Position {
  readonly before: number;
  readonly after: number;
  readonly run: number;
  readonly seq: number;
  /** The first record of the same message. */
  readonly first: number;
}

export type Message = readonly Uint8Array[];

export class Inbox {
  readonly #directory: string;
  readonly #positionFile: number;
  #closed = false;
  #files: StreamFile[] = [];
  #end = 0;
  /** All before it is dealt with. */
  #settled: number;
  /** Behind the last message taken. */
  #at: number;
  #window = { at: 0, data: Buffer.alloc(0) };

  /**
   * `has`: whether the log of a run has record `seq`, or the run is forgotten already. If not, it drops those from `first` on: they
   * come again.
   */
  constructor(directory: string, has: (run: number, seq: number, first: number) => boolean) {
    this.#directory = directory;
    const path = join(directory, 'position');
    const found = readPosition(path);
    this.#positionFile = openSync(path, found ? 'r+' : 'w', 0o600);
    this.#settled = this.#at = found ? (has(found.run, found.seq, found.first) ? found.after : found.before) : 0;
    this.#write({ before: this.#at, after: this.#at, run: 0, seq: 0, first: 0 });
  }

  /** True once anything was ever taken. */
  get hasBegun(): boolean {
    return this.#settled > 0;
  }

  /** The next message, if it is there as a whole. Of a part above 10 MiB only the beginning. */
  take(): Message | undefined {
    const parts: Buffer[] = [];
    let at = this.#at;
    for (;;) {
      const file = this.#fileAt(at);
      if (!file) return this.#notYet();
      const limit = this.#limitAt(at);
      const torn = limit < this.#end;
      if (at === file.start && file.begins) at += GREETING_BYTES;
      const header = at < limit ? parseHeader(this.#bytes(at, Math.min(MOST_HEADER_BYTES, limit - at))) : undefined;
      const next = header && at + header.headerBytes + header.size;
      if (header === undefined || next === undefined || next > limit) {
        if (header) this.#dropInside(at + header.headerBytes + MOST_RECORD_BYTES);
        if (!torn) return this.#notYet();
        // The connection ended within it.
        parts.length = 0;
        at = this.#at = limit;
        continue;
      }
      const payload = at + header.headerBytes;
      if (!header.isCommand && parts.length < MOST_PARTS) {
        parts.push(this.#bytes(payload, Math.min(header.size, MOST_RECORD_BYTES)));
      }
      at = next;
      if (parts.length === 0) this.#at = at;
      if (header.isCommand || header.more) continue;
      this.#at = at;
      return parts;
    }
  }

  /** Where {@link take} goes on; for {@link back}. */
  mark(): number {
    return this.#at;
  }

  /** What was taken since the mark is taken again. */
  back(mark: number): void {
    this.#at = mark;
  }

  /** What is known of the files is looked at anew next time. */
  #notYet(): undefined {
    this.#end = 0;
    return undefined;
  }

  /** Records `first` to `seq` of a run come of what was taken last: to be called before they are written. */
  intend(run: number, first: number, seq: number): void {
    this.#write({ before: this.#settled, after: this.#at, run, seq, first });
  }

  /** What was taken so far needs not be taken again. `written`: an intent says so already. */
  settle(written: boolean): void {
    this.#settled = this.#at;
    if (!written) this.#write({ before: this.#at, after: this.#at, run: 0, seq: 0, first: 0 });
    while (this.#files.length > 1 && this.#files[1]!.start <= this.#settled) rmSync(this.#files.shift()!.path, { force: true });
  }

  close(): void {
    if (!this.#closed) closeSync(this.#positionFile);
    this.#closed = true;
  }

  #write(position: Position): void {
    if (this.#closed) throw new Error('the inbox is closed');
    writeSync(this.#positionFile, JSON.stringify(position).padEnd(POSITION_BYTES), 0);
  }

  /** The file with the byte at `at`, if that byte is there. */
  #fileAt(at: number): StreamFile | undefined {
    if (at >= this.#end) {
      this.#files = streamFiles(this.#directory);
      this.#end = endOfStream(this.#files);
    }
    return at < this.#end ? this.#files.findLast(({ start }) => start <= at) : undefined;
  }

  /** Where the connection of `at` ends, or what is known of it so far. */
  #limitAt(at: number): number {
    return this.#files.find(({ start, begins }) => begins && start > at)?.start ?? this.#end;
  }

  /** Room for the rest of a message that is larger than what the keeper keeps: nobody will look at its middle. */
  #dropInside(from: number): void {
    const last = this.#files.length - 1;
    const isInside = ({ start }: StreamFile, index: number) => start > from && index < last;
    for (const file of this.#files.filter(isInside)) rmSync(file.path, { force: true });
    this.#files = this.#files.filter((file, index) => !isInside(file, index));
  }

  #bytes(at: number, length: number): Buffer {
    const { at: from, data } = this.#window;
    if (at >= from && at + length <= from + data.length) return data.subarray(at - from, at - from + length);
    const target = Buffer.allocUnsafe(length > WINDOW_BYTES ? length : Math.min(WINDOW_BYTES, this.#end - at));
    const got = target.subarray(0, readStream(this.#files, at, target));
    if (length <= WINDOW_BYTES) this.#window = { at, data: got };
    return got.subarray(0, length);
  }
}

function readPosition(path: string): Position | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Position;
  } catch {
    return undefined;
  }
}
