/** What both ends of the WebSockets share (docs/runner-protocol.md, The attach WebSocket, The link WebSocket). */
import { FRAME_HEADER_BYTES, MAX_FRAME_LENGTH, parseFrame, type Frame } from './frames.js';

/** Most bytes of input that a client may have under way unconfirmed. */
export const INPUT_WINDOW_BYTES = 1024 * 1024;

/** Most channels of one link that the client has opened and not ended. */
export const LINK_CHANNELS = 64;

/** Reasons to close the WebSocket, with their codes. After all but `refused` the client may come again. */
export const ATTACH_CLOSE = { done: 1000, away: 1001, refused: 1008 } as const;

/**
 * The frames of one WebSocket message, which holds one or more whole frames. Payloads are views into `message`. Throws
 * `RangeError` when it is anything else.
 */
export function readFrames(message: Uint8Array): Frame[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const frames: Frame[] = [];
  let at = 0;
  while (at < message.length) {
    if (message.length - at < FRAME_HEADER_BYTES) throw new RangeError('a message ends within the header of a frame');
    const length = view.getUint32(at);
    if (length < FRAME_HEADER_BYTES - 4 || length > MAX_FRAME_LENGTH) throw new RangeError(`a frame of ${length} bytes`);
    const end = at + 4 + length;
    if (end > message.length) throw new RangeError('a message ends within a frame');
    frames.push(parseFrame(message.subarray(at + 4, end)));
    at = end;
  }
  return frames;
}
