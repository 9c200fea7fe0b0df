/** A frame without its length field, as the decoder hands it out, taken apart. */
import { FRAME_HEADER_BYTES, FRAME_MORE, type Frame } from '@berth/wire';

/** `body` is at least 13 bytes long (the decoder's lower limit). The payload is a view, not a copy. */
export function parseFrame(body: Buffer): Frame {
  const type = body[0]!;
  return {
    type: type & ~FRAME_MORE,
    more: (type & FRAME_MORE) !== 0,
    channel: body.readUInt32BE(1),
    seq: body.readUInt32BE(5) * 0x1_0000_0000 + body.readUInt32BE(9),
    payload: body.subarray(FRAME_HEADER_BYTES - 4),
  };
}
