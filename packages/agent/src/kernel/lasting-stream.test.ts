import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError, type RunId, type RunRecord } from '@berth/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRunner, printing } from '../../testing/fake-runner.js';
import { readRecords, someTarget } from '../../testing/link.js';
import type { RunnerChannel } from '../ports/channel.js';
import { runnerConnector } from '../runner-link/connector.js';
import { LastingStream } from './lasting-stream.js';

const RUN = 'r1' as RunId;
const PRINTED = printing(['one\n', 'two\n', '', 'four\n'.repeat(20), 'five\n']);
const RECORDS: readonly RunRecord[] = [
  ...PRINTED.slice(0, 2),
  { seq: 3, type: 'gap', upTo: 9, bytes: 70 },
  ...PRINTED.slice(3).map((record) => ({ ...record, seq: record.seq + 6 })),
];

let directory: string;
let runner: FakeRunner;
let channels: RunnerChannel[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lasting-'));
  channels = [];
  runner = await FakeRunner.start(directory, { kernel: 'k1', incarnation: 1 }, { runs: { [RUN]: RECORDS } });
});
afterEach(async () => {
  for (const channel of channels) channel.close();
  await runner.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Seeks until somebody answers, as the link keeper does. */
async function nextChannel(signal?: AbortSignal): Promise<RunnerChannel> {
  for (;;) {
    signal?.throwIfAborted();
    const channel = await runnerConnector.connect(someTarget(directory), signal).catch(() => undefined);
    if (!channel) continue;
    channels.push(channel);
    return channel;
  }
}

/** A stream whose first attachment was not cut. */
async function lastingStream(from: number): Promise<LastingStream> {
  const cuts = runner.script.cuts ?? [];
  runner.script.cuts = [];
  const inner = await (await nextChannel()).attach(RUN, { from, windowBytes: 60 });
  runner.script.cuts = cuts;
  return new LastingStream(inner, RUN, { from, windowBytes: 60 }, nextChannel);
}

describe('a stream over links that break', () => {
  it('gives every record once, in order, wherever they break', async () => {
    const places = fc.array(fc.integer({ min: 1, max: 1100 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(places, fc.boolean(), async (cuts, breakFirst) => {
        runner.script.cuts = [...cuts];
        const stream = await lastingStream(1);
        if (breakFirst) runner.dropConnections();
        expect(await readRecords(stream)).toEqual(RECORDS);
      }),
      { numRuns: 150 },
    );
  });

  it('gives every record once, with a break at each byte of one connection', async () => {
    for (let cut = 1; cut < 1000; cut += 7) {
      runner.script.cuts = [cut, cut];
      const stream = await lastingStream(2);
      runner.dropConnections();
      expect(await readRecords(stream), `cut at ${cut}`).toEqual(RECORDS.slice(1));
    }
  });

  it('asks for what follows a gap, not for the gap again', async () => {
    runner.script.runs = { [RUN]: RECORDS.slice(0, 3) };
    const stream = await lastingStream(3);
    const reader = stream[Symbol.asyncIterator]();
    expect((await reader.next()).value).toHaveLength(1);
    runner.dropConnections();
    const next = reader.next();
    await expect.poll(() => runner.requests.filter(({ method }) => method === 'subscribe').length).toBe(2);
    expect(runner.requests.at(-1)!.params).toMatchObject({ from: 10 });
    stream.close();
    await next;
  });
});

describe('a stream that cannot go on', () => {
  it('rejects with the reason why there is no link any more', async () => {
    runner.script.runs = { [RUN]: RECORDS.slice(0, 1) };
    const inner = await (await nextChannel()).attach(RUN, { from: 1 });
    const over = new BerthError('session-ended', 'it is over');
    const stream = new LastingStream(inner, RUN, { from: 1 }, () => Promise.reject(over));
    runner.dropConnections();
    await expect(readRecords(stream)).rejects.toBe(over);
  });

  it('rejects when the run is forgotten meanwhile', async () => {
    const stream = await lastingStream(1);
    runner.script.runs = {};
    runner.dropConnections();
    await expect(readRecords(stream)).rejects.toMatchObject({ code: 'no-such-run' });
  });
});

describe('a stream that its reader closes', () => {
  it('ends without an error while it waits for records', async () => {
    runner.script.runs = { [RUN]: RECORDS.slice(0, 1) };
    const stream = await lastingStream(1);
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    const waiting = reader.next();
    stream.close();
    stream.close();
    expect(await waiting).toMatchObject({ done: true });
  });

  it('ends without an error while it waits for a link', async () => {
    runner.script.runs = { [RUN]: RECORDS.slice(0, 2) };
    const inner = await (await nextChannel()).attach(RUN, { from: 1 });
    let seeking!: () => void;
    const sought = new Promise<void>((resolve) => (seeking = resolve));
    const stream = new LastingStream(inner, RUN, { from: 1 }, (signal) => {
      seeking();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    runner.dropConnections();
    const reading = readRecords(stream);
    await sought;
    stream.close();
    expect((await reading).length).toBeLessThanOrEqual(2);
  });

  it('leaves no subscription behind', async () => {
    runner.script.runs = { [RUN]: RECORDS.slice(0, 2) };
    for await (const batch of await lastingStream(1)) if (batch.length > 0) break;
    await channels[0]!.call('memory', {});
    expect(runner.requests.filter(({ method }) => method === 'unsubscribe')).toHaveLength(1);
  });
});
