/** The bytes of the manager's wire: msgpack and raw snappy. */
import { compressSync } from 'snappy';

export { DEFAULT_MSGPACK_LIMITS, type MsgpackLimits } from './msgpack-limits.js';
export { unpack } from './msgpack-reader.js';
export { Float, MsgpackError, type Packable, type Packed, type PackedMap } from './msgpack-value.js';
export { pack } from './msgpack-writer.js';

/** One raw snappy block, not the framed format: the form of the image list in a heartbeat. */
export function compressRaw(bytes: Uint8Array): Buffer {
  return compressSync(bytes);
}
