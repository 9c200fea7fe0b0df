/** Reads a tar as a stream: ustar, POSIX.1-2001 (pax), and GNU tar's long names and large numbers. Nothing of it is trusted. */
import { TooMuchError } from './limits.js';
import { ByteSource } from './byte-source.js';

/** What is no tar, or ends before its end. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

export interface TarMember {
  /** As it stands there; may be anything. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'link' | 'hard-link';
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
  /** Of links; empty for others. */
  readonly target: string;
  readonly size: number;
  /** Of a file, to be read before the next member is asked for; what is not read is passed over. */
  readonly content: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
/** Of an extended header, or of a long name. */
const MOST_EXTENDED = 64 * 1024;

const TYPES: Readonly<Record<string, TarMember['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'link',
  '5': 'directory',
};

/** What extended headers say of the next member, or `g` of all that follow. */
type Extended = Readonly<Record<string, string>>;

/** The members, in order. Ends at the end mark; whatever comes after it is read and dropped. Errors: {@link TarError}, {@link TooMuchError}. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const source = new ByteSource(chunks);
  let always: Extended = {};
  let next: Extended = {};
  for (;;) {
    const block = await take(source, BLOCK);
    if (block.every((byte) => byte === 0)) return source.drop();
    const header = parseHeader(block);
    if (header.type === 'x' || header.type === 'g') {
      const records = parseExtended(await extended(source, header.size));
      if (header.type === 'g') always = { ...always, ...records };
      else next = { ...next, ...records };
      continue;
    }
    if (header.type === 'L' || header.type === 'K') {
      const text = utf8(await extended(source, header.size)).replace(/\0.*$/s, '');
      next = { ...next, [header.type === 'L' ? 'path' : 'linkpath']: text };
      continue;
    }
    const said = { ...always, ...next };
    next = {};
    const type = TYPES[header.type];
    if (!type)
      throw new TarError(`${JSON.stringify(header.name())} is of kind ${JSON.stringify(header.type)}, which is not taken`);
    const name = said['path'] ?? header.name();
    const size = type === 'file' ? sizeOf(said['size'], header.size) : 0;
    const target = type === 'file' || type === 'directory' ? '' : (said['linkpath'] ?? header.target());
    const mtimeMs = Number(said['mtime'] ?? header.mtime) * 1000;
    let left = size;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      while (left > 0) {
        const piece = await source.upTo(left);
        if (!piece) throw endsEarly();
        left -= piece.length;
        yield piece;
      }
    };
    const isDirectory = type === 'directory' || (type === 'file' && name.endsWith('/'));
    yield {
      name,
      type: isDirectory ? 'directory' : type,
      mode: header.mode & 0o7777,
      mtimeMs: Number.isFinite(mtimeMs) ? mtimeMs : 0,
      target,
      size,
      content: content(),
    };
    for await (const piece of content()) void piece;
    await take(source, (BLOCK - (size % BLOCK)) % BLOCK);
  }
}

interface Header {
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  /** Decoded when needed: an extended header may stand for it. */
  readonly name: () => string;
  readonly target: () => string;
}

function parseHeader(block: Buffer): Header {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (numberAt(block, 148, 8) !== sum) throw new TarError('what was sent is no tar archive: the sum of a header is wrong');
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  return {
    type: String.fromCharCode(block[156]!),
    size: sizeOf(undefined, numberAt(block, 124, 12)),
    mode: numberAt(block, 100, 8),
    mtime: numberAt(block, 136, 12),
    name: () => {
      const prefix = isUstar ? textAt(block, 345, 155) : '';
      return `${prefix === '' ? '' : `${prefix}/`}${textAt(block, 0, 100)}`;
    },
    target: () => textAt(block, 157, 100),
  };
}

function textAt(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return utf8(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits; or, as GNU tar writes large numbers, bytes after a first one of 0x80. NaN for anything else. */
function numberAt(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (field[0] === 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : NaN;
}

function sizeOf(text: string | undefined, otherwise: number): number {
  const size = text === undefined ? otherwise : /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(size)) throw new TarError('the size of a member is no number');
  return size;
}

/** `<length> <key>=<value>\n`, again and again. */
function parseExtended(bytes: Buffer): Extended {
  const records: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    const digits = /^(\d{1,6}) /.exec(bytes.toString('latin1', at, at + 8))?.[1];
    const length = Number(digits);
    const record = digits === undefined ? undefined : utf8(bytes.subarray(at + digits.length + 1, at + length));
    const equals = record?.indexOf('=') ?? -1;
    if (!record?.endsWith('\n') || equals < 1) throw new TarError('an extended header is damaged');
    const key = record.slice(0, equals);
    if (key === 'path' || key === 'linkpath' || key === 'size' || key === 'mtime') records[key] = record.slice(equals + 1, -1);
    at += length;
  }
  return records;
}

async function extended(source: ByteSource, size: number): Promise<Buffer> {
  if (size > MOST_EXTENDED) throw new TooMuchError(`an extended header has more than ${MOST_EXTENDED} bytes`);
  const bytes = await take(source, size);
  await take(source, (BLOCK - (size % BLOCK)) % BLOCK);
  return bytes;
}

async function take(source: ByteSource, count: number): Promise<Buffer> {
  const bytes = await source.exactly(count);
  if (!bytes) throw endsEarly();
  return bytes;
}

const endsEarly = (): TarError => new TarError('the archive ends before its end mark');

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names are text here: two that differ in bytes which are no text could not be told apart. */
function utf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new TarError(`the name ${JSON.stringify(Buffer.from(bytes).toString())} is not UTF-8`);
  }
}
