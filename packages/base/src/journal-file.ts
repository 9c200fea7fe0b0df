/**
 * An append-only file of JSON lines. Each line carries a format version, a sequence number, the boot id of the machine, and a
 * checksum; what was written after a crash is known to be whole or is dropped.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const VERSION = 1;

/** One line as read back. */
export interface JournalLine {
  readonly seq: number;
  /** Boot id of the machine when it was written. */
  readonly boot: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly entry: unknown;
}

/** What reading a journal gives. */
export interface JournalContent {
  readonly lines: readonly JournalLine[];
  /** True when the last line was torn by a crash and left out. */
  readonly torn: boolean;
  /** Length of the lines that count, in bytes: where the next one belongs. */
  readonly bytes: number;
}

/** A journal that cannot be trusted: a line of an unknown version, a damaged line that is not the last, or a gap. */
export class JournalDamage extends Error {
  override readonly name = 'JournalDamage';
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

function encode(seq: number, boot: string, at: number, entry: unknown): string {
  const body = JSON.stringify({ v: VERSION, seq, boot, at, entry });
  return `${body.slice(0, -1)},"sum":"${checksum(body)}"}\n`;
}

function decode(text: string): JournalLine | undefined {
  const cut = text.lastIndexOf(',"sum":"');
  if (cut < 0) return undefined;
  const body = `${text.slice(0, cut)}}`;
  if (text.slice(cut) !== `,"sum":"${checksum(body)}"}`) return undefined;
  const line = JSON.parse(body) as { v: number } & JournalLine;
  if (line.v !== VERSION) throw new JournalDamage(`journal format ${line.v} is not known to this version (it knows ${VERSION})`);
  return { seq: line.seq, boot: line.boot, at: line.at, entry: line.entry };
}

/** Decodes journal text. Throws {@link JournalDamage}. Exported for tests that cut the text at every byte. */
export function parseJournal(text: string): JournalContent {
  const lines: JournalLine[] = [];
  let bytes = 0;
  const raw = text.split('\n');
  const tail = raw.pop() ?? '';
  for (const [index, line] of raw.entries()) {
    const decoded = decode(line);
    if (!decoded) {
      if (index === raw.length - 1 && tail === '') return { lines, torn: true, bytes };
      throw new JournalDamage(`line ${index + 1} is damaged`);
    }
    if (decoded.seq !== lines.length + 1) throw new JournalDamage(`line ${index + 1} has number ${decoded.seq}`);
    lines.push(decoded);
    bytes += Buffer.byteLength(line) + 1;
  }
  return { lines, torn: tail !== '', bytes };
}

/** An open journal. Appends are strictly ordered; call them one at a time (the kernel's mailbox does). */
export class JournalFile {
  readonly #handle: FileHandle;
  readonly #boot: string;
  readonly #now: () => number;
  #seq: number;
  #size: number;

  private constructor(handle: FileHandle, boot: string, now: () => number, seq: number, size: number) {
    this.#handle = handle;
    this.#boot = boot;
    this.#now = now;
    this.#seq = seq;
    this.#size = size;
  }

  /** Opens or creates the journal at `path` (mode 0600), cutting off a torn last line. */
  static async open(
    path: string,
    boot: string,
    now: () => number = Date.now,
  ): Promise<{ journal: JournalFile; content: JournalContent }> {
    const existing = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const content = parseJournal(existing ?? '');
    const handle = await open(path, 'a', 0o600);
    try {
      if (content.torn) await handle.truncate(content.bytes);
      if (existing === undefined) await syncDirectory(dirname(path));
      return { journal: new JournalFile(handle, boot, now, content.lines.length, content.bytes), content };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Appends one entry; with `sync` it is on the disk (fdatasync) when this resolves. On failure (full disk) what was half
   * written is cut off again and the error is thrown, so that the journal stays readable and the caller can refuse.
   */
  async append(entry: unknown, { sync }: { readonly sync: boolean }): Promise<void> {
    const line = Buffer.from(encode(this.#seq + 1, this.#boot, this.#now(), entry));
    try {
      await this.#handle.appendFile(line);
      if (sync) await this.#handle.datasync();
    } catch (error) {
      await this.#handle.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#seq += 1;
    this.#size += line.length;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Makes a rename, creation or removal in `path` durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces `path` by `text` so that a reader, or a crash, sees the old or the new content and nothing between. */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  // A name of its own for each call: two writers at once must not write into one file.
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', mode);
  try {
    await writeThrough(handle, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeThrough(handle: FileHandle, text: string): Promise<void> {
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
