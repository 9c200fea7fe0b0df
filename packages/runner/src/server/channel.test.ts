import { VirtualClock } from '@berth/base';
import { FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD, RECORD_TYPES } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { RetentionLog } from '../retention/log.js';
import { SharedMemory } from '../retention/memory.js';
import { RecordChannel } from './channel.js';

const MEMORY = 32 * 1024 * 1024;
const noDisk = { used: 0, hasRoom: () => false, take: () => undefined };

function makeLog(): RetentionLog {
  const clock = new VirtualClock();
  const limits = { memoryBytes: MEMORY, diskBytes: 0, headBytes: 0, tailBytes: 0, deliveredBytes: 0, finishedSeconds: 1 };
  const memory = new SharedMemory(MEMORY, clock);
  return new RetentionLog({ limits, memory, spill: noDisk, clock, durable: true, agentConnected: () => true });
}

function addRecords(log: RetentionLog, count: number, bytes: number): void {
  for (let i = 0; i < count; i++) log.add(RECORD_TYPES.log, new Uint8Array(bytes));
}

/** Takes all that the channel gives; the number of records. */
function takeAll(channel: RecordChannel): number {
  let taken = 0;
  while (channel.take()) taken++;
  return taken;
}

describe('the window of a channel', () => {
  it('counts whole frames, and opens again by what is confirmed', () => {
    const log = makeLog();
    addRecords(log, 100, 1);
    const channel = new RecordChannel(1, log, 1, 10 * (FRAME_HEADER_BYTES + 1));
    expect(takeAll(channel)).toBe(10);
    channel.confirm(4);
    expect(takeAll(channel)).toBe(4);
  });

  it('may be exceeded by one record', () => {
    const log = makeLog();
    addRecords(log, 3, 1000);
    expect(takeAll(new RecordChannel(1, log, 1, 1018))).toBe(2);
  });

  it('counts each header of a split record', () => {
    const log = makeLog();
    addRecords(log, 1, 2 * MAX_FRAME_PAYLOAD);
    addRecords(log, 1, 1);
    const bytes = 2 * (MAX_FRAME_PAYLOAD + FRAME_HEADER_BYTES);
    const channel = new RecordChannel(1, log, 1, bytes);
    expect(channel.take()!.bytes).toBe(bytes);
    expect(channel.take()).toBeUndefined();
  });

  it('holds no more than 4096 records, however small', () => {
    const log = makeLog();
    addRecords(log, 5000, 1);
    const channel = new RecordChannel(1, log, 1, MEMORY);
    expect(takeAll(channel)).toBe(4096);
    channel.confirm(1000);
    expect(takeAll(channel)).toBe(904);
  });
});
