import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError, encodeFrames, FRAME, MAX_FRAME_PAYLOAD, type RunId, type RunRecord } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRunner, printing } from '../../testing/fake-runner.js';
import { readRecords, someTarget } from '../../testing/link.js';
import type { RunnerChannel } from '../ports/channel.js';
import { runnerConnector } from './connector.js';

const RUN = 'r1' as RunId;
const FROM_START = { from: 1 };

let directory: string;
let runner: FakeRunner;
let channel: RunnerChannel;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'channel-'));
  runner = await FakeRunner.start(directory, { kernel: 'k1', incarnation: 1 });
  channel = await runnerConnector.connect(someTarget(directory));
});
afterEach(async () => {
  channel.close();
  await runner.stop();
  await rm(directory, { recursive: true, force: true });
});

const batch = { mode: 'batch', runId: RUN, argv: ['true'] } as const;
const unsubscribed = (): unknown[] => runner.requests.filter(({ method }) => method === 'unsubscribe');
/** What was sent before has been taken by the runner when this resolves. */
const roundTrip = (): Promise<unknown> => channel.call('memory', {});

describe('a call', () => {
  it('gives the result', async () => {
    await expect(channel.call('complete', { language: 'bash', code: 'ec', cursor: 2 })).resolves.toEqual({ matches: ['ec'] });
  });

  it('finds its own answer among others', async () => {
    const codes = Array.from({ length: 50 }, (_, index) => `c${index}`);
    const answers = await Promise.all(codes.map((code) => channel.call('complete', { language: 'bash', code, cursor: 0 })));
    expect(answers.map(({ matches }) => matches[0])).toEqual(codes);
  });

  it('gives an answer that is larger than a frame', async () => {
    const code = 'ü'.repeat(MAX_FRAME_PAYLOAD / 2 - 100);
    runner.script.runs = Object.fromEntries(Array.from({ length: 8000 }, (_, index) => [`run-${index}`, printing(['x'])]));
    const { runs } = await channel.call('runs', {});
    expect(JSON.stringify(runs).length).toBeGreaterThan(MAX_FRAME_PAYLOAD);
    expect(runs).toHaveLength(8000);
    await expect(channel.call('complete', { language: 'bash', code, cursor: 0 })).resolves.toEqual({ matches: [code] });
  });

  it('that is refused rejects with the error of the runner', async () => {
    await channel.call('start', { run: batch });
    await expect(channel.call('start', { run: { ...batch, argv: ['false'] } })).rejects.toMatchObject({
      code: 'run-conflict',
      message: 'another run has this id',
    });
  });

  it('that is not answered in time is a timeout', async () => {
    runner.script.refuse = { signal: 'silence' };
    const late = channel.call('signal', { run: RUN, signal: 'kill' }, { timeoutMs: 20 });
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    await expect(channel.call('runs', {})).resolves.toEqual({ runs: [] });
  });

  it('ends with its signal', async () => {
    runner.script.refuse = { signal: 'silence' };
    const controller = new AbortController();
    const call = channel.call('signal', { run: RUN, signal: 'kill' }, { signal: controller.signal });
    controller.abort(new BerthError('cancelled', 'enough'));
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a stream', () => {
  const every: readonly RunRecord[] = [
    { seq: 1, type: 'stdout', data: Uint8Array.from([0, 255, 10]) },
    { seq: 2, type: 'stderr', data: new Uint8Array(0) },
    { seq: 3, type: 'media', mime: 'image/png', data: 'AA==', encoding: 'base64' },
    { seq: 4, type: 'gap', upTo: 8, bytes: 100 },
    { seq: 9, type: 'waiting-input', password: false, prompt: '> ' },
    { seq: 10, type: 'finished', exitCode: 3, signal: null, reason: 'exited', detail: '', stateLost: false, wallMs: 5 },
  ];

  it('gives every record in order, and ends after the last', async () => {
    runner.script.runs = { [RUN]: every };
    expect(await readRecords(await channel.attach(RUN, FROM_START))).toEqual(every);
    await roundTrip();
    expect(unsubscribed()).toEqual([]);
  });

  it('begins where it is asked to', async () => {
    runner.script.runs = { [RUN]: every };
    expect(await readRecords(await channel.attach(RUN, { from: 9 }))).toEqual(every.slice(4));
  });

  it('that begins beyond the end of the run ends at once', async () => {
    runner.script.runs = { [RUN]: every };
    expect(await readRecords(await channel.attach(RUN, { from: 11 }))).toEqual([]);
  });

  it('never ends a batch within a split record', async () => {
    const large = Uint8Array.from(Buffer.alloc(3 * MAX_FRAME_PAYLOAD + 7, 'abc'));
    runner.script.runs = { [RUN]: printing(['before', large, 'after']) };
    const stream = await channel.attach(RUN, FROM_START);
    const got: Buffer[] = [];
    for await (const frames of stream) {
      expect(frames.at(-1)!.more).toBe(false);
      for (const frame of frames) if (frame.type === 0x10) got.push(Buffer.from(frame.payload));
      stream.ack(frames.at(-1)!.seq);
    }
    expect(Buffer.concat(got).equals(Buffer.concat([Buffer.from('before'), large, Buffer.from('after')]))).toBe(true);
  });

  it('holds no more under way than its window and one record, until that is confirmed', async () => {
    runner.script.runs = { [RUN]: printing(Array.from({ length: 40 }, () => 'x'.repeat(100))) };
    const stream = await channel.attach(RUN, { from: 1, windowBytes: 1000 });
    const reader = stream[Symbol.asyncIterator]();
    let seen = 0;
    while (seen < 10) seen = ((await reader.next()).value as { seq: number }[]).at(-1)!.seq;
    await roundTrip();
    expect([seen, runner.mostUnacknowledged]).toEqual([10, 1000]);
    stream.ack(5);
    while (seen < 15) seen = ((await reader.next()).value as { seq: number }[]).at(-1)!.seq;
    expect([seen, runner.acks.at(-1)!.seq]).toEqual([15, 5]);
  });

  it('of an unknown run is refused', async () => {
    await expect(channel.attach(RUN, FROM_START)).rejects.toMatchObject({ code: 'no-such-run' });
  });

  it('whose reader leaves is told to the runner, once', async () => {
    runner.script.runs = { [RUN]: printing(['a']).slice(0, 1) };
    const stream = await channel.attach(RUN, FROM_START);
    stream.close();
    stream.close();
    await roundTrip();
    expect(unsubscribed()).toHaveLength(1);
    expect(await readRecords(stream).then((records) => records.length)).toBeLessThanOrEqual(1);
  });

  it('is independent of another one on the same run', async () => {
    runner.script.runs = { [RUN]: every };
    const [first, second] = [await channel.attach(RUN, FROM_START), await channel.attach(RUN, { from: 4 })];
    expect(await readRecords(second)).toEqual(every.slice(3));
    expect(await readRecords(first)).toEqual(every);
  });
});

describe('a link that is lost', () => {
  it('rejects calls and streams after what has arrived, and says so', async () => {
    runner.script.runs = { [RUN]: printing(['a', 'b']).slice(0, 2) };
    runner.script.refuse = { signal: 'silence' };
    const reader = (await channel.attach(RUN, FROM_START))[Symbol.asyncIterator]();
    const call = channel.call('signal', { run: RUN, signal: 'kill' }).catch((e: unknown) => e);
    let seen = 0;
    while (seen < 2) seen = ((await reader.next()).value as { seq: number }[]).at(-1)!.seq;
    runner.dropConnections();
    expect(await call).toMatchObject({ code: 'runner-lost' });
    await expect(reader.next()).rejects.toMatchObject({ code: 'runner-lost' });
    expect(await channel.closed).toContain('closed');
    await expect(channel.call('runs', {})).rejects.toMatchObject({ code: 'runner-lost' });
    await expect(channel.attach(RUN, FROM_START)).rejects.toMatchObject({ code: 'runner-lost' });
  });

  it('is lost at once when we close it', async () => {
    runner.script.refuse = { signal: 'silence' };
    const call = channel.call('signal', { run: RUN, signal: 'kill' }).catch((e: unknown) => e);
    channel.close();
    expect(await call).toMatchObject({ code: 'runner-lost' });
    expect(await channel.closed).toBe('the link was closed');
  });

  it('gives no part of a record that did not arrive whole', async () => {
    const large = Buffer.alloc(2 * MAX_FRAME_PAYLOAD, 'x');
    runner.script.runs = { [RUN]: printing(['a', large]) };
    runner.script.cuts = [MAX_FRAME_PAYLOAD + 5000];
    const second = await runnerConnector.connect(someTarget(directory, { epoch: 2 }));
    const seen: number[] = [];
    const reading = (async () => {
      for await (const frames of await second.attach(RUN, FROM_START)) seen.push(...frames.map((f) => f.seq));
    })();
    await expect(reading).rejects.toMatchObject({ code: 'runner-lost' });
    expect(seen).toEqual([1]);
  });

  it.each([
    ['a reply that is not JSON', encodeFrames(FRAME.reply, 0, 0, Buffer.from('{'))],
    ['a reply that is null', encodeFrames(FRAME.reply, 0, 0, Buffer.from('null'))],
    ['a length beyond the limit', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a length below the limit', Buffer.from([0, 0, 0, 1, 0])],
    ['a reply in endless empty parts', Buffer.concat(Array.from({ length: 2000 }, () => encodeFrames(FRAME.reply | 0x80, 0, 0)))],
  ])('through %s ends alone, not the agent', async (_, bytes) => {
    runner.sendRaw(bytes);
    expect(await channel.closed).toMatch(/odd/);
  });

  it('through an end that is not JSON fails the stream as well', async () => {
    runner.script.runs = { [RUN]: [] };
    const stream = await channel.attach(RUN, FROM_START);
    runner.sendRaw(encodeFrames(FRAME.end, 2, 0, Buffer.from('no')));
    await expect(readRecords(stream)).rejects.toMatchObject({ code: 'runner-lost' });
  });

  it('is not lost through frames of a type or channel that nobody knows', async () => {
    runner.sendRaw(encodeFrames(0x7f, 0, 0, Buffer.from('x')));
    runner.sendRaw(encodeFrames(0x10, 999, 1, Buffer.from('x')));
    runner.sendRaw(encodeFrames(FRAME.event, 0, 0, Buffer.from('{')));
    await expect(roundTrip()).resolves.toBeDefined();
  });
});

describe('a record without end', () => {
  it.each([
    ['too large', Buffer.concat(Array.from({ length: 18 }, () => encodeFrames(0x90, 2, 1, Buffer.alloc(MAX_FRAME_PAYLOAD))))],
    ['in too many parts', Buffer.concat(Array.from({ length: 2000 }, () => encodeFrames(0x90, 2, 1)))],
  ])('ends its stream alone: %s', async (_, bytes) => {
    runner.script.runs = { [RUN]: [], r2: printing(['ok']) };
    const stream = await channel.attach(RUN, FROM_START);
    runner.sendRaw(bytes);
    await expect(readRecords(stream)).rejects.toMatchObject({ code: 'too-large' });
    expect(await readRecords(await channel.attach('r2' as RunId, FROM_START))).toHaveLength(2);
  });
});
