/** Material for tests of the runner link: targets, and reading streams to their end. */
import { DEFAULT_RETENTION, decodeRecord, recordTypeOf, type Frame, type RunRecord, type RunStream } from '@berth/wire';
import type { ChannelTarget } from '../src/ports/channel.js';

export function someTarget(runDirectory: string, change: Partial<ChannelTarget> = {}): ChannelTarget {
  return {
    runDirectory,
    supervisor: 'berth',
    kernelId: 'k1',
    incarnation: 1,
    agentId: 'i-1',
    epoch: 1,
    token: 'ab'.repeat(32),
    spec: {
      uid: 1000,
      gid: 1000,
      env: {},
      deadManSeconds: 60,
      lifetimeSeconds: null,
      retention: DEFAULT_RETENTION,
      fifos: 0,
    },
    ...change,
  };
}

/** The records that frames carry, split ones joined. */
export function recordsOf(frames: readonly Frame[]): RunRecord[] {
  const records: RunRecord[] = [];
  let parts: Uint8Array[] = [];
  for (const frame of frames) {
    parts.push(Uint8Array.from(frame.payload));
    if (frame.more) continue;
    records.push(decodeRecord(recordTypeOf(frame.type)!, frame.seq, Uint8Array.from(Buffer.concat(parts))));
    parts = [];
  }
  return records;
}

/** Reads to the end, confirming each batch. */
export async function readRecords(stream: RunStream): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const batch of stream) {
    records.push(...recordsOf(batch));
    stream.ack(batch.at(-1)!.seq);
  }
  return records;
}
