/** Tar as POSIX.1-2001 has it: ustar headers, and extended headers for what does not fit them. Pure. */

const BLOCK = 512;
/** Largest numbers of ustar's octal fields. */
const MOST_ID = 0o7777777;
const MOST_SIZE = 0o77777777777;
const NAME_BYTES = 100;

export interface TarEntry {
  /** Relative, with slashes; of a directory with one at the end. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'link';
  /** Bytes that follow; 0 for what is no file. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Where a link leads; empty for others. */
  readonly target: string;
}

/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** Zeros between a file of that size and the next header. */
export const tarPadding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

const TYPES = { file: '0', link: '2', directory: '5', extended: 'x' } as const;

/** All header blocks of an entry. */
export function tarHeader(entry: TarEntry): Buffer {
  const extended = Buffer.concat([
    ...(fits(entry.name) ? [] : [record('path', entry.name)]),
    ...(fits(entry.target) ? [] : [record('linkpath', entry.target)]),
    ...(entry.size <= MOST_SIZE ? [] : [record('size', String(entry.size))]),
  ]);
  if (extended.length === 0) return block(entry, TYPES[entry.type]);
  const head = { ...entry, name: '././@PaxHeader', target: '', size: extended.length, mode: 0o644 };
  return Buffer.concat([
    block(head, TYPES.extended),
    extended,
    Buffer.alloc(tarPadding(extended.length)),
    block(entry, TYPES[entry.type]),
  ]);
}

/** Whether a name can stand in a header itself: short, and in letters that mean the same everywhere. */
const fits = (text: string) => text.length <= NAME_BYTES && /^[\x20-\x7e]*$/.test(text);

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function block(entry: TarEntry, type: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  const put = (text: string, at: number) => header.write(text, at, 'latin1');
  const octal = (value: number, digits: number, most: number, at: number) =>
    put(
      Math.min(Math.max(0, Math.floor(value)), most)
        .toString(8)
        .padStart(digits, '0'),
      at,
    );
  put(plain(entry.name), 0);
  octal(entry.mode & 0o7777, 7, MOST_ID, 100);
  octal(entry.uid, 7, MOST_ID, 108);
  octal(entry.gid, 7, MOST_ID, 116);
  octal(entry.size, 11, MOST_SIZE, 124);
  octal(entry.mtimeMs / 1000, 11, MOST_SIZE, 136);
  // The checksum is made with its own field full of blanks.
  put(' '.repeat(8), 148);
  put(type, 156);
  put(plain(entry.target), 157);
  put('ustar\0' + '00', 257);
  octal(0, 7, MOST_ID, 329);
  octal(0, 7, MOST_ID, 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** For readers that know no extended headers. */
const plain = (text: string) => text.replace(/[^\x20-\x7e]/g, '_').slice(0, NAME_BYTES);
