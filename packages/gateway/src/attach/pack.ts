/** Frames into messages: many small ones share one, so that lines do not cost a message each. */
import { FRAME_HEADER_BYTES, FRAME_MORE, writeFrameHeader, type Frame } from '@berth/wire';

/** A message is closed before it grows beyond this; a single larger frame is a message of its own. */
export const MESSAGE_BYTES = 256 * 1024;

/** Whole messages for `channel`, with each payload copied once. */
export function* packFrames(frames: readonly Frame[], channel: number, limit = MESSAGE_BYTES): Generator<Buffer> {
  let first = 0;
  let bytes = 0;
  for (const [index, frame] of frames.entries()) {
    const size = FRAME_HEADER_BYTES + frame.payload.length;
    if (index > first && bytes + size > limit) {
      yield join(frames.slice(first, index), channel, bytes);
      first = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (bytes > 0) yield join(frames.slice(first), channel, bytes);
}

function join(frames: readonly Frame[], channel: number, bytes: number): Buffer {
  const message = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { type, more, seq, payload } of frames) {
    writeFrameHeader(message, at, more ? type | FRAME_MORE : type, channel, seq, payload.length);
    message.set(payload, at + FRAME_HEADER_BYTES);
    at += FRAME_HEADER_BYTES + payload.length;
  }
  return message;
}
