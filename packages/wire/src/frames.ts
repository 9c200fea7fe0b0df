/**
 * Frames: the one encoding of records and control messages, on the runner link and on the WebSocket alike, so that output
 * passes through the agent without being encoded again. Layout and limits: docs/runner-protocol.md.
 *
 *     u32 length (of what follows) | u8 type | u32 channel | u64 sequence | payload
 *
 * All numbers are big-endian. A set bit 0x80 in the type says that further frames with the same type, channel and sequence
 * carry the rest of the payload.
 */

/** Largest value of the length field: 1 MiB. Checked before anything is allocated. */
export const MAX_FRAME_LENGTH = 1024 * 1024;
/** Bytes before the payload, the length field included. */
export const FRAME_HEADER_BYTES = 17;
/** Largest payload of a single frame. */
export const MAX_FRAME_PAYLOAD = MAX_FRAME_LENGTH - (FRAME_HEADER_BYTES - 4);
/** Largest payload after the parts of a split one were joined: 16 MiB. */
export const MAX_JOINED_PAYLOAD = 16 * 1024 * 1024;
/** Flag in the type byte: the payload goes on in the next frame. */
export const FRAME_MORE = 0x80;

/** Types of frames other than records. */
export const FRAME = {
  hello: 0x01,
  welcome: 0x02,
  request: 0x03,
  reply: 0x04,
  event: 0x05,
  /**
   * From consumer to producer: all records up to `seq` on `channel` were delivered. On the WebSocket also from the node to the
   * client: the run has taken its input up to byte offset `seq`. On the channel of a tunnel, both ways: all bytes below offset
   * `seq` were passed on. No payload.
   */
  ack: 0x20,
  /**
   * From producer to consumer: nothing follows on `channel`; the payload is an ErrorBody, or empty after `finished`. On the
   * link WebSocket also from the client: it takes leave of `channel`, having consumed all records up to `seq`. No payload.
   * On the channel of a tunnel from either: the connection is over, in both directions.
   */
  end: 0x21,
  /** From consumer: standard input for a run; `seq` is the offset of the first byte in the run's input. */
  input: 0x22,
  /** From consumer: standard input ends at offset `seq`. No payload. */
  inputEnd: 0x23,
  /** On the channel of a tunnel, both ways: bytes of the connection; `seq` is the offset of the first one in its direction. */
  data: 0x24,
  /** On the channel of a tunnel, both ways: the sender sends no more; `seq` is the length of what it sent. No payload. */
  dataEnd: 0x25,
} as const;

/** One frame. `payload` may be a view into a larger buffer. */
export interface Frame {
  readonly type: number;
  readonly more: boolean;
  readonly channel: number;
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** Writes the 17 header bytes of a frame with a payload of `payloadLength` bytes into `target` at `offset`. */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  type: number,
  channel: number,
  seq: number,
  payloadLength: number,
): void {
  const view = new DataView(target.buffer, target.byteOffset + offset, FRAME_HEADER_BYTES);
  view.setUint32(0, payloadLength + FRAME_HEADER_BYTES - 4);
  view.setUint8(4, type);
  view.setUint32(5, channel);
  view.setUint32(9, Math.floor(seq / 0x1_0000_0000));
  view.setUint32(13, seq >>> 0);
}

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** A frame without its length field, taken apart. `body` has at least 13 bytes; the payload is a view, not a copy. */
export function parseFrame(body: Uint8Array): Frame {
  const type = body[0]!;
  return {
    type: type & ~FRAME_MORE,
    more: (type & FRAME_MORE) !== 0,
    channel: u32(body, 1),
    seq: u32(body, 5) * 0x1_0000_0000 + u32(body, 9),
    payload: body.subarray(FRAME_HEADER_BYTES - 4),
  };
}

/** Only the header of a frame, for writers that send header and payload without copying the payload. */
export function frameHeader(type: number, channel: number, seq: number, payloadLength: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(header, 0, type, channel, seq, payloadLength);
  return header;
}

const EMPTY = new Uint8Array(0);

/** One message as bytes; a payload above {@link MAX_FRAME_PAYLOAD} is split into several frames. */
export function encodeFrames(type: number, channel: number, seq: number, payload: Uint8Array = EMPTY): Uint8Array {
  const parts = Math.max(1, Math.ceil(payload.length / MAX_FRAME_PAYLOAD));
  const out = new Uint8Array(payload.length + parts * FRAME_HEADER_BYTES);
  let at = 0;
  for (let part = 0; part < parts; part++) {
    const chunk = payload.subarray(part * MAX_FRAME_PAYLOAD, (part + 1) * MAX_FRAME_PAYLOAD);
    const flag = part < parts - 1 ? FRAME_MORE : 0;
    writeFrameHeader(out, at, type | flag, channel, seq, chunk.length);
    out.set(chunk, at + FRAME_HEADER_BYTES);
    at += FRAME_HEADER_BYTES + chunk.length;
  }
  return out;
}

/** A control message (JSON payload, sequence 0) as bytes. */
export function encodeJsonFrame(type: number, channel: number, body: unknown): Uint8Array {
  return encodeFrames(type, channel, 0, new TextEncoder().encode(JSON.stringify(body)));
}

/** The JSON payload of a control frame. Throws `SyntaxError` on anything else. */
export function decodeJsonPayload(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}
