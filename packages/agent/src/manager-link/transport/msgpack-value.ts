/** What the manager's msgpack carries. Text is str, bytes are bin, a map has string keys; there are no extension types. */
export type Packed = null | boolean | number | bigint | string | Buffer | readonly Packed[] | PackedMap;

/** A map that was read: without prototype, so that no key means more than what it names. */
export interface PackedMap {
  readonly [key: string]: Packed;
}

/** A number that is written as a float although it is whole: Python tells 2 from 2.0. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** What may be written: {@link Packed} and, for the writer's ease, bytes of any view, floats, `Map`s and absent values (nil). */
export type Packable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Float
  | readonly Packable[]
  | ReadonlyMap<string, Packable>
  | { readonly [key: string]: Packable };

/** A message that is not read, or a value that cannot be written. */
export class MsgpackError extends Error {
  override readonly name = 'MsgpackError';
}
