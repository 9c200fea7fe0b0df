/** As much of ZeroMQ's wire protocol (ZMTP 3.0, RFC 23) as a reader of a PUSH socket needs. Pure. */

/** Flags of a frame. */
const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** The greeting of the other side comes first. */
export const GREETING_BYTES = 64;

/** What a PULL socket without security says: greeting, then the command READY. */
export const HANDSHAKE = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]),
  Buffer.from('NULL'.padEnd(20, '\0') + '\0'.repeat(32)),
  command('READY', '\x0bSocket-Type\0\0\0\x04PULL'),
]);

function command(name: string, body: string): Buffer {
  const content = Buffer.from(String.fromCharCode(name.length) + name + body, 'latin1');
  return Buffer.concat([Buffer.from([COMMAND, content.length]), content]);
}

/** Longest header of a frame. */
export const MOST_HEADER_BYTES = 9;

export interface FrameHeader {
  /** Part of a message, and another part follows. */
  readonly more: boolean;
  /** Between the sockets, not a message. */
  readonly isCommand: boolean;
  readonly headerBytes: number;
  readonly size: number;
}

/** The header at the beginning of `data`; undefined when it is not whole. Throws `RangeError` on a size that no file holds. */
export function parseHeader(data: Buffer): FrameHeader | undefined {
  const flags = data[0];
  const headerBytes = flags !== undefined && flags & LONG ? MOST_HEADER_BYTES : 2;
  if (flags === undefined || data.length < headerBytes) return undefined;
  const size = flags & LONG ? Number(data.readBigUInt64BE(1)) : data[1]!;
  if (!Number.isSafeInteger(size)) throw new RangeError(`a message of ${size} bytes`);
  return { more: (flags & MORE) !== 0, isCommand: (flags & COMMAND) !== 0, headerBytes, size };
}
