import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError, type RunRecord } from '@berth/wire';
import type { FakeRun } from '../../../agent/testing/fake-run.js';
import { KEY, someRun, startFakeNode, type FakeNode } from '../../../gateway/testing/fake-node.js';
import { CuttingProxy } from '../../testing/cutting-proxy.js';
import { BerthClient } from '../client.js';

const LARGE = 1_200_000;

/** Numbers as lines, each a record; one record is larger than a frame. */
function counting(run: FakeRun): void {
  for (let i = 1; i <= 200; i++) run.print(i === 100 ? `${'x'.repeat(LARGE)}${i}\n` : `${i}\n`);
  run.finish({ exitCode: 7 });
}

const withoutFiller = (text: string) => text.slice(text.lastIndexOf('x') + 1);
const textOf = (records: readonly RunRecord[]) =>
  records.map((r) => (r.type === 'stdout' ? withoutFiller(Buffer.from(r.data).toString()) : '')).join('');
const EXPECTED = Array.from({ length: 200 }, (_, i) => `${i + 1}\n`).join('');

async function collect(records: AsyncIterable<RunRecord>): Promise<RunRecord[]> {
  const all: RunRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

describe('Attachment', () => {
  let node: FakeNode;
  beforeEach(async () => {
    node = await startFakeNode({ scripts: { counting } });
  });
  afterEach(() => node.gateway.close());

  const client = () => new BerthClient({ endpoint: node.endpoint, key: KEY });

  it('gives every record once and in order, wherever the connection is cut', async () => {
    const { session, run } = await someRun(node.service, ['counting']);
    const cut = fc.oneof(fc.integer({ min: 1, max: 8_000 }), fc.integer({ min: 1, max: 2 * LARGE }));
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 5 }), async (cuts) => {
        const proxy = new CuttingProxy(node.endpoint, cuts);
        const through = new BerthClient({ endpoint: await proxy.start(), key: KEY });
        try {
          const records = await collect(through.attach(session, run));
          expect(records.map((r) => r.seq)).toEqual(Array.from({ length: 201 }, (_, i) => i + 1));
          expect(textOf(records)).toBe(EXPECTED);
          expect(records.at(-1)).toMatchObject({ type: 'finished', exitCode: 7 });
        } finally {
          await proxy.stop();
        }
      }),
      { numRuns: 20 },
    );
  });

  it('goes on with the node that comes back on another port', async () => {
    const { session, run } = await someRun(node.service, ['wait']);
    const address = async () => ({ endpoint: node.endpoint, key: KEY });
    const away: string[] = [];
    const seen: RunRecord[] = [];
    for await (const record of new BerthClient(address).attach(session, run, { onAway: () => away.push('away') })) {
      seen.push(record);
      if (record.seq !== 1) continue;
      await node.gateway.close();
      node = await startFakeNode({ service: node.service });
      node.service.run(session, run).signal('interrupt');
    }
    expect(seen.map((r) => r.type)).toEqual(['stdout', 'finished']);
    expect(away).toEqual(['away']);
  });

  it('gives up with node-lost when the node stays away', async () => {
    const { session, run } = await someRun(node.service, ['wait']);
    const records = client().attach(session, run, { reconnectMs: 50 });
    const reading = (async () => {
      for await (const record of records) if (record.seq === 1) await node.gateway.close();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'node-lost' });
  });

  it('confirms a record when the next one is asked for, not before', async () => {
    const { session, run } = await someRun(node.service, ['wait']);
    const fake = node.service.run(session, run);
    const records = client().attach(session, run)[Symbol.asyncIterator]();
    await records.next();
    await client().node();
    expect(fake.view.acknowledged).toBe(0);
    const second = records.next();
    fake.signal('interrupt');
    await second;
    await records.next();
    await fake.acknowledged(1);
  });

  it('delivers input once and in order, wherever the connection is cut', async () => {
    const text = Array.from({ length: 60_000 }, (_, i) => `line ${i}\n`).join('');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 150, max: 400_000 }), { maxLength: 4 }), async (cuts) => {
        const { session, run } = await someRun(node.service, ['upper']);
        const proxy = new CuttingProxy(node.endpoint, cuts);
        const attachment = new BerthClient({ endpoint: await proxy.start(), key: KEY }).attach(session, run);
        try {
          const reading = collect(attachment);
          await attachment.write(Buffer.from(text));
          attachment.endInput();
          expect(textOf(await reading)).toBe(text.toUpperCase());
        } finally {
          await proxy.stop();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('lets go of a writer whose run is over', async () => {
    const { session, run } = await someRun(node.service, ['stubborn']);
    const attachment = client().attach(session, run);
    const reading = collect(attachment);
    const writing = attachment.write(Buffer.alloc(8 * 1024 * 1024));
    node.service.run(session, run).signal('kill');
    await reading;
    await writing;
  });

  it('rejects with the error of the run’s session', async () => {
    const { session, run } = await someRun(node.service, ['wait']);
    const reading = collect(client().attach(session, run));
    node.service.run(session, run).break(new BerthError('runner-lost', 'gone'));
    await expect(reading).rejects.toMatchObject({ code: 'runner-lost', message: 'gone' });
    await expect(collect(client().attach('nobody', 'r1'))).rejects.toMatchObject({ code: 'no-such-session' });
    const stranger = new BerthClient({ endpoint: node.endpoint, key: 'wrong' });
    await expect(collect(stranger.attach(session, run))).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('ends with the reason of its signal', async () => {
    const { session, run } = await someRun(node.service, ['stubborn']);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const record of client().attach(session, run, { signal: controller.signal })) {
        if (record.seq === 1) controller.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
  });
});
