import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeFrames, encodeJsonFrame, encodeRecordPayload, FRAME, MAX_FRAME_PAYLOAD, RECORD_TYPES } from '../../src/index.js';

/**
 * The bytes that other builds of Berth, older and newer, put on the runner link. A difference is a new protocol version, never a
 * new file.
 */
const VECTORS: Readonly<Record<string, () => Uint8Array>> = {
  hello: () =>
    encodeJsonFrame(FRAME.hello, 0, { min: 1, max: 1, build: 'b1', kernel: 'k1', incarnation: 2, boot: '00ff', claimed: false }),
  request: () => encodeJsonFrame(FRAME.request, 0, { id: 7, method: 'runs', params: {} }),
  reply: () => encodeJsonFrame(FRAME.reply, 0, { id: 7, result: { runs: [] } }),
  stdout: () => encodeFrames(RECORD_TYPES.stdout, 3, 1, Buffer.from([0, 10, 127, 128, 255])),
  'high-sequence': () => encodeFrames(RECORD_TYPES.stderr, 0xffff_ffff, 2 ** 52 + 1, Buffer.from('x')),
  ack: () => encodeFrames(FRAME.ack, 3, 0x1_0000_0000),
  end: () => encodeFrames(FRAME.end, 3, 0),
  data: () => encodeFrames(FRAME.data, 4, 65_536, Buffer.from([0, 13, 10, 255])),
  'data-end': () => encodeFrames(FRAME.dataEnd, 4, 65_540),
  gap: () => {
    const payload = encodeRecordPayload({ seq: 5, type: 'gap', upTo: 9, bytes: 4096 });
    return encodeFrames(RECORD_TYPES.gap, 3, 5, payload);
  },
  finished: () => {
    const finished = { exitCode: 7, signal: null, reason: 'exited', detail: '', stateLost: false, wallMs: 12 } as const;
    return encodeFrames(RECORD_TYPES.finished, 3, 10, encodeRecordPayload({ seq: 10, type: 'finished', ...finished }));
  },
};

describe('golden frames', () => {
  it.each(Object.entries(VECTORS))('%s has the bytes that it always had', (name, encode) => {
    const golden = readFileSync(new URL(`${name}.bin`, import.meta.url));
    expect(Buffer.from(encode()).toString('hex')).toBe(golden.toString('hex'));
  });

  it('has a vector for each file', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.bin'));
    expect(files.sort()).toEqual(
      Object.keys(VECTORS)
        .map((name) => `${name}.bin`)
        .sort(),
    );
  });

  it('marks all parts of a split payload but the last', () => {
    const bytes = Buffer.from(encodeFrames(RECORD_TYPES.media, 1, 1, new Uint8Array(2 * MAX_FRAME_PAYLOAD + 1)));
    const types: number[] = [];
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) types.push(bytes[at + 4]!);
    expect(types).toEqual([0x92, 0x92, 0x12]);
  });
});
