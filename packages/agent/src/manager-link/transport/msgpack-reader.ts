/**
 * Reads msgpack of a stranger. By hand and not through a library, because it must refuse before it builds: sizes, depth, what is
 * not text in a str, and extension types, which for aiozmq hold Python pickles (123 to 127).
 */
import { isUtf8 } from 'node:buffer';
import { DEFAULT_MSGPACK_LIMITS, type MsgpackLimits } from './msgpack-limits.js';
import { MsgpackError, type Packed } from './msgpack-value.js';

/**
 * The one value that `bytes` holds. Integers beyond 2^53 come as bigint; bin comes as a view of `bytes`, not a copy. Throws
 * {@link MsgpackError} for anything else than exactly one whole value within the limits.
 * Source: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function unpack(bytes: Buffer, limits: MsgpackLimits = DEFAULT_MSGPACK_LIMITS): Packed {
  if (bytes.length > limits.bytes) throw new MsgpackError(`${bytes.length} bytes are more than ${limits.bytes}`);
  const reader = new Reader(bytes, limits);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #depth: number;
  #elementsLeft: number;
  #at = 0;

  constructor(bytes: Buffer, limits: MsgpackLimits) {
    this.#bytes = bytes;
    this.#depth = limits.depth;
    this.#elementsLeft = limits.elements;
  }

  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw new MsgpackError(`${rest} bytes after the end`);
  }

  value(depth: number): Packed {
    if (--this.#elementsLeft < 0) throw new MsgpackError('too many values');
    const type = this.#uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f, depth);
    if (type < 0xa0) return this.#array(type & 0x0f, depth);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    return this.#wide(type, depth);
  }

  #wide(type: number, depth: number): Packed {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#uint(1 << (type - 0xc4)));
      case 0xca:
        return this.#take(4).readFloatBE();
      case 0xcb:
        return this.#take(8).readDoubleBE();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (type - 0xcc));
      case 0xcf:
        return whole(this.#take(8).readBigUInt64BE());
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#int(1 << (type - 0xd0));
      case 0xd3:
        return whole(this.#take(8).readBigInt64BE());
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 << (type - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 << (type - 0xde)), depth);
      default:
        throw new MsgpackError(`type 0x${type.toString(16)} is not taken: an extension, or none at all`);
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new MsgpackError('ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #uint(size: number): number {
    return this.#take(size).readUIntBE(0, size);
  }

  #int(size: number): number {
    return this.#take(size).readIntBE(0, size);
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    if (!isUtf8(bytes)) throw new MsgpackError('a str is not UTF-8');
    return bytes.toString('utf8');
  }

  /** Refuses a count that the rest of the message cannot hold, before room is made for it. */
  #nested(count: number, smallest: number, depth: number): void {
    if (depth >= this.#depth) throw new MsgpackError(`more than ${this.#depth} levels`);
    if (count > this.#elementsLeft) throw new MsgpackError('too many values');
    if (count * smallest > this.#bytes.length - this.#at) throw new MsgpackError('ends too early');
  }

  #array(count: number, depth: number): Packed[] {
    this.#nested(count, 1, depth);
    const items: Packed[] = [];
    for (let index = 0; index < count; index++) items.push(this.value(depth + 1));
    return items;
  }

  #map(count: number, depth: number): { [key: string]: Packed } {
    this.#nested(count, 2, depth);
    const map = Object.create(null) as { [key: string]: Packed };
    for (let index = 0; index < count; index++) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw new MsgpackError('a key is not a str');
      // Harmless here, and not where the map is copied into an ordinary object.
      if (key === '__proto__') throw new MsgpackError('the key __proto__ is not taken');
      map[key] = this.value(depth + 1);
    }
    return map;
  }
}

function whole(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
