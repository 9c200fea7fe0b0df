/**
 * Writes msgpack as the Python side does (`packb(..., use_bin_type=True)`): the shortest form, text as str, bytes as bin. By hand
 * because the peer tells integers from floats: libraries for JavaScript write whole numbers beyond 32 bits as floats.
 */
import { Float, MsgpackError, type Packable } from './msgpack-value.js';

const DEEPEST = 64;
const FIRST_BYTES = 256;
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * The bytes of `value`. A number that is a safe integer is written as an integer, every other as a 64-bit float; see
 * {@link Float}. Absent members of objects are left out, other absent values are nil. Throws {@link MsgpackError} for what
 * msgpack has no word for (functions, dates, class instances, circles, integers beyond 64 bits).
 */
export function pack(value: Packable): Buffer {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.bytes();
}

class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  value(value: Packable, depth: number): void {
    if (value === null || value === undefined) return this.#byte(0xc0);
    switch (typeof value) {
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2);
      case 'number':
        return this.#number(value);
      case 'bigint':
        return this.#bigint(value);
      case 'string':
        return this.#text(value);
      case 'object':
        return this.#object(value, depth);
      default:
        throw new MsgpackError(`a ${typeof value} cannot be written`);
    }
  }

  #object(value: object, depth: number): void {
    if (value instanceof Float) return this.#double(value.value);
    if (value instanceof Uint8Array) return this.#bin(value);
    if (depth >= DEEPEST) throw new MsgpackError(`more than ${DEEPEST} levels: a circle?`);
    if (Array.isArray(value)) {
      this.#head(value.length, { fix: 0x90, below: 16, wide: 0xdc });
      for (const item of value as readonly Packable[]) this.value(item, depth + 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (!(value instanceof Map) && prototype !== null && prototype !== Object.prototype)
      throw new MsgpackError(`a ${value.constructor.name} cannot be written`);
    this.#map(value instanceof Map ? [...value] : Object.entries(value).filter(([, member]) => member !== undefined), depth);
  }

  #map(entries: readonly (readonly [string, Packable])[], depth: number): void {
    this.#head(entries.length, { fix: 0x80, below: 16, wide: 0xde });
    for (const [key, member] of entries) {
      this.#text(key);
      this.value(member, depth + 1);
    }
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return this.#double(value);
    if (value >= 0) {
      if (value < 0x80) return this.#byte(value);
      if (value < 0x100) return this.#sized(0xcc, 1, value);
      if (value < 0x1_0000) return this.#sized(0xcd, 2, value);
      if (value < 0x1_0000_0000) return this.#sized(0xce, 4, value);
      return this.#bigint(BigInt(value));
    }
    if (value >= -0x20) return this.#byte(value + 0x100);
    if (value >= -0x80) return this.#sized(0xd0, 1, value + 0x100);
    if (value >= -0x8000) return this.#sized(0xd1, 2, value + 0x1_0000);
    if (value >= -0x8000_0000) return this.#sized(0xd2, 4, value + 0x1_0000_0000);
    this.#bigint(BigInt(value));
  }

  #bigint(value: bigint): void {
    if (value >= -0x8000_0000n && value < 0x1_0000_0000n) return this.#number(Number(value));
    if (value > MAX_UINT64 || value < MIN_INT64) throw new MsgpackError('an integer of more than 64 bits cannot be written');
    const at = this.#grow(9);
    this.#buffer[at] = value < 0n ? 0xd3 : 0xcf;
    if (value < 0n) this.#buffer.writeBigInt64BE(value, at + 1);
    else this.#buffer.writeBigUInt64BE(value, at + 1);
  }

  #double(value: number): void {
    const at = this.#grow(9);
    this.#buffer[at] = 0xcb;
    this.#buffer.writeDoubleBE(value, at + 1);
  }

  #text(text: string): void {
    const length = Buffer.byteLength(text);
    if (length < 32) this.#byte(0xa0 | length);
    else this.#lengthOf(length, 0xd9);
    const at = this.#grow(length);
    this.#buffer.write(text, at, 'utf8');
  }

  #bin(bytes: Uint8Array): void {
    this.#lengthOf(bytes.length, 0xc4);
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** Length of a str or bin in 1, 2 or 4 bytes. */
  #lengthOf(length: number, type: number): void {
    if (length < 0x100) this.#sized(type, 1, length);
    else if (length < 0x1_0000) this.#sized(type + 1, 2, length);
    else this.#sized(type + 2, 4, length);
  }

  /** Count of an array or map: in the type itself, or in 2 or 4 bytes. */
  #head(count: number, { fix, below, wide }: { fix: number; below: number; wide: number }): void {
    if (count < below) this.#byte(fix | count);
    else if (count < 0x1_0000) this.#sized(wide, 2, count);
    else this.#sized(wide + 1, 4, count);
  }

  #byte(value: number): void {
    const at = this.#grow(1);
    this.#buffer[at] = value;
  }

  #sized(type: number, size: number, value: number): void {
    const at = this.#grow(size + 1);
    this.#buffer[at] = type;
    this.#buffer.writeUIntBE(value, at + 1, size);
  }

  /** Makes room for `size` more bytes; answers where they begin. */
  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }
}
