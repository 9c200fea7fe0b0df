/** Frames in a file: whole records only. */
import { closeSync, openSync, readSync } from 'node:fs';
import { FRAME_HEADER_BYTES, parseFrame, type Frame } from '@berth/wire';

const LENGTH_BYTES = 4;

/** Frames of the whole records at the beginning of `data`, and how many bytes those are. */
export function wholeRecords(data: Buffer): { readonly frames: Frame[]; readonly bytes: number } {
  const frames: Frame[] = [];
  let whole = 0;
  let bytes = 0;
  for (let at = 0; ;) {
    const length = at + LENGTH_BYTES <= data.length ? data.readUInt32BE(at) : -1;
    const end = at + LENGTH_BYTES + length;
    if (length < FRAME_HEADER_BYTES - LENGTH_BYTES || end > data.length) break;
    const frame = parseFrame(data.subarray(at + LENGTH_BYTES, end));
    frames.push(frame);
    at = end;
    if (frame.more) continue;
    whole = frames.length;
    bytes = at;
  }
  return { frames: frames.slice(0, whole), bytes };
}

/** Frames from `offset` on: about `most` bytes of whole records, or one record when that is larger. */
export function readFrames(
  path: string,
  offset: number,
  size: number,
  most: number,
): { readonly frames: readonly Frame[]; readonly end: number } {
  if (offset >= size) return { frames: [], end: offset };
  const file = openSync(path, 'r');
  try {
    for (let wanted = Math.max(most, 64); ; wanted *= 4) {
      const data = Buffer.allocUnsafe(Math.min(wanted, size - offset));
      const got = readSync(file, data, 0, data.length, offset);
      const { frames, bytes } = wholeRecords(data.subarray(0, got));
      if (frames.length > 0) return { frames, end: offset + bytes };
      if (offset + got >= size || got === 0) return { frames: [], end: size };
    }
  } finally {
    closeSync(file);
  }
}
