import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINK_CHANNELS, type KernelId, type RunRecord } from '@berth/wire';
import type { FakeRun } from '../../../agent/testing/fake-run.js';
import { KEY, someRun, startFakeNode, type FakeNode } from '../../../gateway/testing/fake-node.js';
import { CuttingProxy } from '../../testing/cutting-proxy.js';
import { BerthClient } from '../client.js';

const textOf = (records: readonly RunRecord[]) =>
  records.map((record) => (record.type === 'stdout' ? Buffer.from(record.data).toString() : '')).join('');
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');
const batch = (...argv: string[]) => ({ mode: 'batch' as const, argv });

async function collect(records: AsyncIterable<RunRecord>): Promise<RunRecord[]> {
  const all: RunRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

describe('SessionLink', () => {
  let node: FakeNode;
  let session: KernelId;
  let started: string[];
  beforeEach(async () => {
    started = [];
    node = await startFakeNode({ scripts: { note: (run: FakeRun) => (started.push(run.request.runId), run.finish()) } });
    ({ session } = await someRun(node.service, ['numbers', '1']));
  });
  afterEach(() => node.gateway.close());

  const client = (endpoint = node.endpoint) => new BerthClient({ endpoint, key: KEY });

  it('carries many runs, at once and one after the other, over one connection', async () => {
    const proxy = new CuttingProxy(node.endpoint, []);
    await using link = await client(await proxy.start()).link(session);
    const counts = [3, 500, 1, 40];
    const read = await Promise.all(counts.map((count) => collect(link.run(batch('numbers', `${count}`)))));
    expect(read.map(textOf)).toEqual(counts.map(numbers));
    for (let i = 0; i < 2 * LINK_CHANNELS; i++)
      expect((await collect(link.run(batch('exit', '7')))).at(-1)).toMatchObject({ exitCode: 7 });
    expect(proxy.connections).toBe(1);
    link.close();
    await proxy.stop();
  });

  it('starts runs when they are asked for, in order', async () => {
    await using link = await client().link(session);
    const ids = Array.from({ length: 30 }, (_, i) => `note-${i}`);
    const runs = ids.map((runId) => link.run({ ...batch('note'), runId }));
    await collect(runs.at(-1)!);
    expect(started).toEqual(ids);
  });

  it('gives every record of every run once, and starts each once, wherever the connection is cut', async () => {
    const cut = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 12_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 5 }), async (cuts) => {
        // The opening itself is not cut: that is an error of `link`.
        const proxy = new CuttingProxy(node.endpoint, [cuts[0]! + 250, ...cuts.slice(1)]);
        const before = node.service.kernels.get(session)!.runs.size;
        const link = await client(await proxy.start()).link(session);
        try {
          const counts = [200, 1, 90, 200];
          const read = await Promise.all(counts.map((count) => collect(link.run(batch('numbers', `${count}`, '7')))));
          expect(read.map(textOf)).toEqual(counts.map(numbers));
          for (const [i, records] of read.entries()) {
            expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: counts[i]! + 1 }, (_, n) => n + 1));
            expect(records.at(-1)).toMatchObject({ type: 'finished', exitCode: 7 });
          }
          expect(node.service.kernels.get(session)!.runs.size).toBe(before + counts.length);
        } finally {
          link.close();
          await proxy.stop();
        }
      }),
      { numRuns: 20 },
    );
  });

  it('delivers input once and in order, wherever the connection is cut', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 400, max: 150_000 }), { maxLength: 3 }), async (cuts) => {
        const proxy = new CuttingProxy(node.endpoint, cuts);
        const link = await client(await proxy.start()).link(session);
        try {
          const run = link.run({ ...batch('upper'), stdin: 'open' });
          const reading = collect(run);
          await run.write(Buffer.from(text));
          run.endInput();
          expect(textOf(await reading)).toBe(text.toUpperCase());
        } finally {
          link.close();
          await proxy.stop();
        }
      }),
      { numRuns: 10 },
    );
  });

  it('runs more at once than it has room for', async () => {
    await using link = await client().link(session);
    const waiting = Array.from({ length: LINK_CHANNELS }, (_, i) => link.run({ ...batch('wait'), runId: `wait-${i}` }));
    expect(textOf(await collect(link.run(batch('numbers', '3'))))).toBe(numbers(3));
    const reading = waiting.map(collect);
    for (let i = 0; i < LINK_CHANNELS; i++) node.service.run(session, `wait-${i}`).signal('interrupt');
    expect((await Promise.all(reading)).map((records) => records.length)).toEqual(waiting.map(() => 2));
  });

  it('runs on after its connection was closed', async () => {
    const link = await client().link(session);
    const open = link.run({ ...batch('wait'), runId: 'open' });
    link.close();
    const reading = collect(open);
    expect(textOf(await collect(link.run(batch('numbers', '2'))))).toBe(numbers(2));
    node.service.run(session, 'open').signal('interrupt');
    expect((await reading).map(({ type }) => type)).toEqual(['stdout', 'finished']);
  });

  it('confirms the last record, and no record that was not consumed', async () => {
    await using link = await client().link(session);
    await collect(link.run({ ...batch('numbers', '3'), runId: 'whole' }));
    await node.service.run(session, 'whole').acknowledged(4);
    for await (const { seq } of link.run({ ...batch('numbers', '3'), runId: 'half' })) if (seq === 3) break;
    await node.service.run(session, 'half').acknowledged(2);
    expect(node.service.run(session, 'half').view.acknowledged).toBe(2);
  });

  it('rejects with the errors of the node', async () => {
    await using link = await client().link(session);
    await collect(link.run({ ...batch('numbers', '1'), runId: 'one' }));
    await expect(collect(link.run({ ...batch('numbers', '2'), runId: 'one' }))).rejects.toMatchObject({ code: 'run-conflict' });
    await expect(collect(link.run(batch()))).rejects.toMatchObject({ code: 'bad-request' });
    await expect(collect(link.run(batch('x'.repeat(2 * 1024 * 1024))))).rejects.toMatchObject({ code: 'bad-request' });
    await expect(client().link('nobody')).rejects.toMatchObject({ code: 'no-such-session' });
    expect(textOf(await collect(link.run(batch('numbers', '1'))))).toBe(numbers(1));
  });

  it('ends a run with the reason of its signal, and serves the others', async () => {
    await using link = await client().link(session);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const { seq } of link.run(batch('stubborn'), { signal: controller.signal })) {
        if (seq === 1) setImmediate(() => controller.abort(new Error('enough')));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(textOf(await collect(link.run(batch('numbers', '1'))))).toBe(numbers(1));
  });
});
