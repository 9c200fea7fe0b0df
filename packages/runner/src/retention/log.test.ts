import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@berth/base';
import { RECORD_TYPES } from '@berth/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Block } from './block.js';
import { RetentionLog, type Kept, type LogReader } from './log.js';
import { SharedMemory } from './memory.js';
import { FileSpill, type Spill } from './spill.js';

const KIB = 1024;
const MEMORY = 64 * KIB;
const DISK = 256 * KIB;
const LIMITS = {
  memoryBytes: MEMORY,
  diskBytes: DISK,
  headBytes: 16 * KIB,
  tailBytes: 16 * KIB,
  deliveredBytes: 8 * KIB,
  finishedSeconds: 1,
};

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'berth-log-'))));
afterEach(() => rmSync(directory, { recursive: true }));

function makeLog({ durable = false, agent = true, spill = new FileSpill(directory, DISK) as Spill } = {}) {
  const clock = new VirtualClock();
  const memory = new SharedMemory(MEMORY, clock);
  const state = { agent };
  const log = new RetentionLog({ limits: LIMITS, memory, spill, clock, durable, agentConnected: () => state.agent });
  return { log, memory, spill, clock, state };
}

/** Byte `index` of the output of a run; long period, so that a shift is seen. */
const byteAt = (index: number): number => (index * 31 + (index >> 8) * 7) & 0xff;

function output(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(from + index));
}

/** Follows a log from some place as a reader would, and checks every byte. */
class Follower {
  readonly reader: LogReader;
  next: number;
  at: number;
  readonly #log: RetentionLog;

  constructor(log: RetentionLog, from: number, at: number) {
    this.#log = log;
    this.next = from;
    this.at = at;
    this.reader = log.attach(from);
  }

  /** Takes one record; false when there is none. */
  take(): Kept | undefined {
    const kept = this.#log.at(this.next);
    if (!kept) return undefined;
    expect(kept.seq).toBe(this.next);
    this.next = kept.last + 1;
    if (kept.type === RECORD_TYPES.gap) {
      const { upTo, bytes } = JSON.parse(Buffer.from(kept.payload).toString()) as { upTo: number; bytes: number };
      expect(upTo).toBe(kept.last);
      this.at += bytes;
    } else {
      expect(Buffer.from(kept.payload).equals(output(this.at, kept.payload.length))).toBe(true);
      this.at += kept.payload.length;
    }
    return kept;
  }
}

describe('the log of a run', () => {
  it('joins small writes that nobody has seen, and none that somebody has', () => {
    const { log } = makeLog();
    for (let i = 0; i < 10; i++) log.write(RECORD_TYPES.stdout, output(i, 1));
    expect(log.highest).toBe(1);
    log.at(1);
    log.write(RECORD_TYPES.stdout, output(10, 1));
    expect(log.highest).toBe(2);
    log.write(RECORD_TYPES.stderr, output(11, 1));
    expect(log.highest).toBe(3);
  });

  it('keeps head and tail and tells the gap when nobody listens', () => {
    const { log, memory, spill } = makeLog();
    const total = 4 * (MEMORY + DISK);
    for (let at = 0; at < total; at += 3000) {
      log.write(RECORD_TYPES.stdout, output(at, Math.min(3000, total - at)));
      expect(log.full).toBe(false);
      expect(memory.used).toBeLessThanOrEqual(MEMORY);
      expect(spill.used).toBeLessThanOrEqual(DISK);
    }
    const follower = new Follower(log, 1, 0);
    const kinds: number[] = [];
    for (let kept = follower.take(); kept; kept = follower.take()) kinds.push(kept.type);
    expect(follower.at).toBe(total);
    expect(kinds.filter((kind) => kind === RECORD_TYPES.gap)).toHaveLength(1);
    expect(kinds[0]).toBe(RECORD_TYPES.stdout);
    expect(kinds.at(-1)).toBe(RECORD_TYPES.stdout);
  });

  it.each([
    ['a durable run', { durable: true }],
    ['an agent that is away', { agent: false }],
  ])('makes the program wait for %s when all is full', (_name, options) => {
    const { log } = makeLog(options);
    let written = 0;
    while (!log.full) {
      log.write(RECORD_TYPES.stdout, output(written, 4096));
      written += 4096;
    }
    expect(written).toBeGreaterThan(DISK - 64 * KIB);
    let room = 0;
    log.onRoom = () => room++;
    const follower = new Follower(log, 1, 0);
    while (follower.take()) log.confirm(follower.reader, follower.next - 1);
    expect(follower.at).toBe(written);
    expect(room).toBe(1);
    expect(log.full).toBe(false);
  });

  it.each([
    ['makes the program wait', { durable: true }, true],
    ['keeps head and tail', {}, false],
  ])('%s when there are too many small records', (_name, options, waits) => {
    const { log } = makeLog(options);
    let written = 0;
    // Records of two kinds in turn do not join.
    for (; written < 2000 && !log.full; written++) {
      log.write(written % 2 ? RECORD_TYPES.stderr : RECORD_TYPES.stdout, output(written, 1));
    }
    expect(written < 2000).toBe(waits);
    const follower = new Follower(log, 1, 0);
    let kept = 0;
    while (follower.take()) kept++;
    expect(kept).toBeGreaterThan(50);
    expect(kept).toBeLessThanOrEqual(MEMORY / 256);
    expect(follower.at).toBe(written);
    log.confirm(follower.reader, follower.next - 1);
    expect(log.full).toBe(false);
  });

  it('waits a moment for a reader before it uses the disk', () => {
    const { log, spill, clock } = makeLog();
    log.attach(1);
    while (!log.full) log.write(RECORD_TYPES.stdout, output(0, 4096));
    expect(spill.used).toBe(0);
    clock.advance(100);
    expect(log.full).toBe(false);
    // The block that was open is filled first.
    for (let i = 0; i < 32; i++) log.write(RECORD_TYPES.stdout, output(0, 4096));
    expect(spill.used).toBeGreaterThan(0);
  });

  it('treats a disk that refuses as a full one', () => {
    const refusing: Spill = { used: 0, hasRoom: () => true, take: () => undefined };
    const { log, memory } = makeLog({ durable: true, spill: { ...refusing, hasRoom: () => false } });
    while (!log.full) log.write(RECORD_TYPES.stdout, output(0, 4096));
    expect(memory.used).toBeLessThanOrEqual(MEMORY + 64 * KIB);
    const second = makeLog({ durable: true, spill: refusing });
    second.log.write(RECORD_TYPES.stdout, output(0, 2 * MEMORY));
    const follower = new Follower(second.log, 1, 0);
    while (follower.take());
    expect(follower.at).toBe(2 * MEMORY);
  });

  it('goes on in memory when a disk fills in the middle of a block', () => {
    let left = 100 * KIB;
    const filling = new FileSpill(directory, DISK);
    const spill: Spill = {
      get used() {
        return filling.used;
      },
      hasRoom: (bytes) => left > 0 && filling.hasRoom(bytes),
      take: (bytes) => {
        const block = filling.take(bytes)!;
        const append = block.append.bind(block);
        return Object.assign(block, {
          append: (data: Uint8Array) => {
            if (data.length > left) left = 0;
            else left -= data.length;
            return left > 0 && append(data);
          },
        }) satisfies Block;
      },
    };
    const { log } = makeLog({ durable: true, spill });
    let written = 0;
    for (; written < 300 * KIB; written += 4096) log.write(RECORD_TYPES.stdout, output(written, 4096));
    const follower = new Follower(log, 1, 0);
    while (follower.take());
    expect(follower.at).toBe(written);
    expect(log.full).toBe(true);
  });

  it('leaves nothing on the disk when it is forgotten', () => {
    const { log } = makeLog({ durable: true });
    while (!log.full) log.write(RECORD_TYPES.stdout, output(0, 4096));
    expect(readdirSync(directory)).not.toEqual([]);
    log.discard();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('gives a whole record back as it was, however large', () => {
    const { log } = makeLog();
    const large = output(0, 3 * MEMORY);
    log.add(RECORD_TYPES.media, large);
    expect(Buffer.from(log.at(1)!.payload).equals(large)).toBe(true);
  });
});

type Step =
  | { readonly do: 'write'; readonly length: number; readonly type: number }
  | { readonly do: 'open' | 'close' | 'agent' | 'wait' }
  | { readonly do: 'read' | 'confirm'; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      length: fc.integer({ min: 1, max: 40_000 }),
      type: fc.constantFrom(0x10, 0x11),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('open' as const, 'close' as const, 'agent' as const, 'wait' as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'confirm' as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
);

describe('whatever happens', () => {
  it.each([true, false])('every byte is delivered once, in order, or told as missing (durable: %s)', (durable) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { log, memory, spill, clock, state } = makeLog({ durable });
        let written = 0;
        let follower: Follower | undefined;
        // Where the consumer stands that comes and goes: it confirmed up to `seq`, which is byte `at`.
        let confirmed = { seq: 0, at: 0 };
        const taken: { seq: number; at: number }[] = [];
        for (const { do: what, ...more } of steps) {
          if (what === 'write') {
            const { length, type } = more as { length: number; type: number };
            if (log.full) continue;
            log.write(type, output(written, length));
            written += length;
          } else if (what === 'open') follower ??= new Follower(log, confirmed.seq + 1, confirmed.at);
          else if (what === 'close' && follower) {
            log.detach(follower.reader);
            follower = undefined;
            taken.length = 0;
          } else if (what === 'agent') {
            state.agent = !state.agent;
            log.reconsider();
          } else if (what === 'wait') clock.advance(150);
          else if (follower) {
            const { count } = more as { count: number };
            for (let i = 0; i < count; i++) {
              if (what === 'read') {
                const kept = follower.take();
                if (kept) taken.push({ seq: kept.last, at: follower.at });
              } else {
                confirmed = taken.shift() ?? confirmed;
                log.confirm(follower.reader, confirmed.seq);
              }
            }
          }
          // A write may go beyond the budget once, by what one read of a pipe brings.
          expect(memory.used).toBeLessThanOrEqual(MEMORY + 3 * 64 * KIB);
          expect(spill.used).toBeLessThanOrEqual(DISK + 64 * KIB);
        }
        follower ??= new Follower(log, confirmed.seq + 1, confirmed.at);
        const gaps: number[] = [];
        for (let kept = follower.take(); kept; kept = follower.take()) if (kept.type === RECORD_TYPES.gap) gaps.push(kept.seq);
        expect(follower.at).toBe(written);
        if (durable) expect(gaps).toEqual([]);
        log.discard();
        expect(memory.used).toBe(0);
        expect(spill.used).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
