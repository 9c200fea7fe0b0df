/**
 * Frames of aiozmq.rpc, as measured against aiozmq 1.0.0. A request is `header, method, arguments, keyword arguments`, a reply
 * `header, body`; before both stand the frames by which the ROUTER knows its peer. There is no empty delimiter.
 */
import { isUtf8 } from 'node:buffer';
import { unpack } from './msgpack-reader.js';
import { type MsgpackLimits } from './msgpack-limits.js';
import { MsgpackError, type Packed, type PackedMap } from './msgpack-value.js';

const REQUEST_FRAMES = 4;
/** The peer's own and those of a few proxies; what is made of more is no manager's. */
const MOST_ROUTE_FRAMES = 8;
const REQUEST_HEADER_BYTES = 16;
const REPLY_HEADER_BYTES = 17;
const LONGEST_METHOD = 200;

export interface RpcRequest {
  /** Frames that lead back to the caller. */
  readonly route: readonly Buffer[];
  readonly id: number;
  readonly method: string;
  readonly args: readonly Packed[];
  readonly kwargs: PackedMap;
  /** Bytes of the request's own frames. */
  readonly bytes: number;
}

/** Why a request is dropped without a reply. */
export type Malformed = 'frame-count' | 'header' | 'method' | 'arguments' | 'oversized';

/** The request in `frames`, or why there is none. Never throws. */
export function parseRequest(frames: readonly Buffer[], limits: MsgpackLimits): RpcRequest | Malformed {
  const hops = frames.length - REQUEST_FRAMES;
  if (hops < 1 || hops > MOST_ROUTE_FRAMES) return 'frame-count';
  const route = frames.slice(0, -REQUEST_FRAMES);
  const [header, name, args, kwargs] = frames.slice(-REQUEST_FRAMES) as [Buffer, Buffer, Buffer, Buffer];
  const bytes = header.length + name.length + args.length + kwargs.length;
  if (bytes > limits.bytes) return 'oversized';
  if (header.length !== REQUEST_HEADER_BYTES) return 'header';
  if (name.length > LONGEST_METHOD || !isUtf8(name)) return 'method';
  try {
    const positional = unpack(args, limits);
    const keyword = unpack(kwargs, limits);
    if (!Array.isArray(positional) || !isMap(keyword)) return 'arguments';
    return { route, id: header.readUInt32LE(4), method: name.toString(), args: positional, kwargs: keyword, bytes };
  } catch (error) {
    if (error instanceof MsgpackError) return 'arguments';
    throw error;
  }
}

function isMap(value: Packed): value is PackedMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

export interface ReplyHeader {
  /** Echo of the request's. */
  readonly id: number;
  readonly isError: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly pid: number;
  /** Two random bytes that stand for this server. */
  readonly random: number;
}

/** The 17 bytes before a reply's body. */
export function replyHeader({ id, isError, now, pid, random }: ReplyHeader): Buffer {
  const header = Buffer.alloc(REPLY_HEADER_BYTES);
  header.writeUInt16LE(pid % 0x1_0000, 0);
  header.writeUInt16LE(random, 2);
  header.writeUInt32LE(id, 4);
  header.writeDoubleLE(now / 1000, 8);
  header.writeUInt8(isError ? 1 : 0, 16);
  return header;
}
