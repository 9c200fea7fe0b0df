import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError, encodeFrames, FRAME, INPUT_WINDOW_BYTES, type Frame } from '@berth/wire';
import { someRun, startFakeNode, type FakeNode } from '../../testing/fake-node.js';
import { RawClient, textOf } from '../../testing/raw-client.js';
import { type FakeRun } from '../../../agent/testing/fake-run.js';

const hasEnded = (frames: readonly Frame[]) => frames.some(({ type }) => type === FRAME.end);
const attach = (session: string, run: string, query = '?from=1') =>
  new RawClient(node.endpoint, `/v1/sessions/${session}/runs/${run}/attach${query}`);

let node: FakeNode;
let produced: number;
beforeEach(async () => {
  produced = 0;
  node = await startFakeNode({
    scripts: {
      flood: (run: FakeRun) => {
        for (; produced < 1000; produced++) run.emit({ type: 'stdout', data: Buffer.alloc(65_536) });
        run.finish();
      },
    },
  });
});
afterEach(() => node.gateway.close());

describe('an attached client', () => {
  it('gets the records from the one it names, then the end', async () => {
    const { session, run } = await someRun(node.service, ['numbers', '5', '7']);
    const frames = await (await attach(session, run, '?from=3').open()).until(hasEnded);
    expect(textOf(frames)).toBe('3\n4\n5\n');
    expect(frames.map(({ seq, channel }) => [seq, channel])).toEqual([3, 4, 5, 6, 0].map((seq) => [seq, 0]));
    expect(frames.at(-1)!.payload.length).toBe(0);
  });

  it('is told how a stream failed', async () => {
    const { session, run } = await someRun(node.service, ['wait']);
    const client = await attach(session, run).open();
    await client.until((frames) => frames.length > 0);
    node.service.run(session, run).break(new BerthError('runner-lost', 'the runner died'));
    const frames = await client.until(hasEnded);
    expect(JSON.parse(Buffer.from(frames.at(-1)!.payload).toString())).toMatchObject({
      code: 'runner-lost',
      message: 'the runner died',
    });
  });

  it('is told of a run that is not there', async () => {
    const { session } = await someRun(node.service, ['wait']);
    const frames = await (await attach(session, 'other').open()).until(hasEnded);
    expect(JSON.parse(Buffer.from(frames.at(-1)!.payload).toString())).toMatchObject({ code: 'no-such-run' });
  });

  it.each(['?from=0', '?from=x', '?form=1', '?from=1&from=2'])('is refused before it is connected: %s', async (query) => {
    const { session, run } = await someRun(node.service, ['wait']);
    const client = attach(session, run, query);
    expect(await client.refused()).toBe(400);
  });

  it('that reads but does not confirm stops the stream at its window', async () => {
    const { session, run } = await someRun(node.service, ['flood']);
    const client = await attach(session, run).open();
    const window = 64;
    await client.until((frames) => frames.length >= window);
    await node.service.run(session, run).acknowledged(0);
    client.socket.ping();
    await once(client.socket, 'pong');
    expect(client.frames.length).toBe(window);
    client.send(FRAME.ack, 10);
    await client.until((frames) => frames.length >= window + 10);
  });

  it('sends input in order and learns what was taken', async () => {
    const { session, run } = await someRun(node.service, ['upper']);
    const client = await attach(session, run).open();
    client.send(FRAME.input, 0, Buffer.from('ab'));
    client.send(FRAME.input, 2, Buffer.from('cd'));
    client.send(FRAME.inputEnd, 4);
    const frames = await client.until(hasEnded);
    expect(textOf(frames)).toBe('ABCD');
    await client.until((all) => all.some(({ type, seq }) => type === FRAME.ack && seq === 4));
  });

  it('has its input tried again while the runner cannot be reached', async () => {
    const { session, run } = await someRun(node.service, ['upper']);
    const send = node.service.sendInput.bind(node.service);
    let failures = 2;
    node.service.sendInput = (...args) =>
      failures-- > 0 ? Promise.reject(new BerthError('runner-lost', 'just now')) : send(...args);
    const client = await attach(session, run).open();
    client.send(FRAME.input, 0, Buffer.from('ab'));
    client.send(FRAME.inputEnd, 2);
    expect(textOf(await client.until(hasEnded))).toBe('AB');
  });

  const HOSTILE: [string, (client: RawClient) => void, RegExp][] = [
    ['text', (client) => client.socket.send('hello'), /text/],
    ['half a frame', (client) => client.socket.send(encodeFrames(FRAME.ack, 0, 1).subarray(0, 9)), /header/],
    ['a confirmation of what was not sent', (client) => client.send(FRAME.ack, 1000), /confirmed before/],
    [
      'input with a hole',
      (client) => (client.send(FRAME.input, 0, Buffer.from('a')), client.send(FRAME.input, 5, Buffer.from('b'))),
      /offset 5/,
    ],
    [
      'more input than the window',
      (client) => (
        client.send(FRAME.input, 0, Buffer.alloc(600_000)),
        client.send(FRAME.input, 600_000, Buffer.alloc(INPUT_WINDOW_BYTES - 500_000))
      ),
      /window/,
    ],
  ];
  it.each(HOSTILE)('that sends %s is sent away with the reason', async (_name, act, reason) => {
    const { session, run } = await someRun(node.service, ['stubborn']);
    const client = await attach(session, run).open();
    await client.until((frames) => frames.length > 0);
    act(client);
    expect(await client.closed()).toEqual([1008, expect.stringMatching(reason)]);
  });

  it('that sends an oversized message loses its connection', async () => {
    const { session, run } = await someRun(node.service, ['stubborn']);
    const client = await attach(session, run).open();
    client.socket.on('error', () => {});
    client.socket.send(Buffer.alloc(2 * 1024 * 1024));
    expect((await client.closed())[0]).toBe(1009);
  });

  it('that sends unknown types is served on', async () => {
    const { session, run } = await someRun(node.service, ['wait']);
    const client = await attach(session, run).open();
    client.send(0x7e, 1, Buffer.from('?'));
    node.service.run(session, run).signal('interrupt');
    await client.until(hasEnded);
  });

  it('keeps the lease of its session while it answers', async () => {
    const { session, run } = await someRun(node.service, ['stubborn'], 0.05);
    await attach(session, run).open();
    const before = node.service.renewals.length;
    while (node.service.renewals.length < before + 3) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('is asked to come again when the node goes away', async () => {
    const { session, run } = await someRun(node.service, ['stubborn']);
    const client = await attach(session, run).open();
    const closed = client.closed();
    await node.gateway.close();
    expect((await closed)[0]).toBe(1001);
  });
});
