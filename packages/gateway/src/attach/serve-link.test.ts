import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError, encodeFrames, FRAME, LINK_CHANNELS, RECORD_TYPES, type Frame } from '@berth/wire';
import { someRun, startFakeNode, type FakeNode } from '../../testing/fake-node.js';
import { RawClient, textOf } from '../../testing/raw-client.js';

let node: FakeNode;
let session: string;
let client: RawClient;
beforeEach(async () => {
  node = await startFakeNode();
  ({ session } = await someRun(node.service, ['numbers', '1'], 0.05));
  client = await link().open();
});
afterEach(() => node.gateway.close());

const link = (of = session, query = '') => new RawClient(node.endpoint, `/v1/sessions/${of}/link${query}`);
const request = (channel: number, body: unknown) =>
  client.send(FRAME.request, 0, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), channel);
const batch = (channel: number, ...argv: string[]) => request(channel, { mode: 'batch', runId: `run-${channel}`, argv });
const of = (channel: number) => client.frames.filter((frame) => frame.channel === channel);
const ended = (...channels: number[]) =>
  client.until(() => channels.every((channel) => of(channel).some(({ type }) => type === FRAME.end)));
const errorOf = (frame: Frame) => JSON.parse(Buffer.from(frame.payload).toString()) as unknown;

describe('a linked client', () => {
  it('gets the records of each run on its channel, then the end', async () => {
    batch(1, 'numbers', '3');
    batch(70_000, 'numbers', '5', '7');
    await ended(1, 70_000);
    expect(textOf(of(1))).toBe('1\n2\n3\n');
    expect(textOf(of(70_000))).toBe('1\n2\n3\n4\n5\n');
    expect(of(70_000).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 0]);
    expect(of(70_000).at(-1)!.payload).toHaveLength(0);
  });

  it('has its runs started in the order of its requests', async () => {
    for (let channel = 1; channel <= 20; channel++) batch(channel, 'numbers', '1');
    await ended(20);
    const runs = await node.service.listRuns(session as never);
    expect(runs.slice(1).map(({ runId }) => runId)).toEqual(Array.from({ length: 20 }, (_, i) => `run-${i + 1}`));
  });

  it('sends input to each run apart', async () => {
    for (const channel of [1, 2]) batch(channel, 'upper');
    client.send(FRAME.input, 0, Buffer.from('a'), 1);
    client.send(FRAME.input, 0, Buffer.from('b'), 2);
    client.send(FRAME.input, 1, Buffer.from('c'), 1);
    client.send(FRAME.inputEnd, 2, undefined, 1);
    client.send(FRAME.inputEnd, 1, undefined, 2);
    await ended(1, 2);
    expect([textOf(of(1)), textOf(of(2))]).toEqual(['AC', 'B']);
    await client.until(() => of(1).some(({ type, seq }) => type === FRAME.ack && seq === 2));
  });

  it('confirms records of the channel that it names', async () => {
    for (const channel of [1, 2]) batch(channel, 'wait');
    await client.until(() => of(1).length > 0 && of(2).length > 0);
    client.send(FRAME.ack, 1, undefined, 2);
    await node.service.run(session, 'run-2').acknowledged(1);
    expect(node.service.run(session, 'run-1').view.acknowledged).toBe(0);
  });

  it.each([
    ['a session that is over', () => node.service.destroyKernel(session as never), 'session-ended'],
    [
      'the id of another run',
      () => node.service.startRun(session as never, { mode: 'batch', runId: 'run-1' as never, argv: ['x'] }),
      'run-conflict',
    ],
  ])('is told on its channel that a run cannot start: %s', async (_name, arrange, code) => {
    await arrange();
    batch(1, 'numbers', '3');
    await ended(1);
    expect(of(1).map(errorOf)).toEqual([expect.objectContaining({ code })]);
  });

  it.each([
    ['no mode', { runId: 'run-1', argv: ['x'] }],
    ['no id', { mode: 'batch', argv: ['x'] }],
    ['an unknown field', { mode: 'batch', runId: 'run-1', argv: ['x'], root: true }],
    ['a text', '"numbers"'],
  ])('is told what is wrong with a request that has %s', async (_name, body) => {
    request(1, body);
    await ended(1);
    expect(of(1).map(errorOf)).toEqual([expect.objectContaining({ code: 'bad-request' })]);
  });

  it('is told how a stream failed, and served on', async () => {
    batch(1, 'stubborn');
    await client.until(() => of(1).length > 0);
    node.service.run(session, 'run-1').break(new BerthError('runner-lost', 'the runner died'));
    await ended(1);
    expect(errorOf(of(1).at(-1)!)).toMatchObject({ code: 'runner-lost' });
    batch(2, 'numbers', '1');
    await ended(2);
  });

  it('that leaves a run hears no more of it, and may open another in its place', async () => {
    for (let channel = 1; channel <= LINK_CHANNELS; channel++) batch(channel, 'stubborn');
    await client.until((frames) => frames.length === LINK_CHANNELS);
    client.send(FRAME.end, 1, undefined, 1);
    await node.service.run(session, 'run-1').acknowledged(1);
    batch(100, 'numbers', '1');
    await ended(100);
    node.service.run(session, 'run-1').signal('kill');
    client.send(FRAME.end, 0, undefined, 100);
    batch(101, 'numbers', '1');
    await ended(101);
    expect(of(1)).toHaveLength(1);
  });

  it('keeps the lease of its session while it answers', async () => {
    const before = node.service.renewals.length;
    while (node.service.renewals.length < before + 3) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  const HOSTILE: [string, () => void, RegExp][] = [
    ['text', () => client.socket.send('hello'), /text/],
    ['half a frame', () => client.socket.send(encodeFrames(FRAME.request, 1, 0).subarray(0, 9)), /header/],
    ['a run on channel 0', () => batch(0, 'wait'), /channel 0/],
    ['a run on a channel in use', () => (batch(1, 'wait'), batch(1, 'wait')), /in use/],
    ['a request that is not JSON', () => request(1, '{'), /JSON/],
    ['a request in parts', () => client.send(FRAME.request | 0x80, 0, Buffer.from('{}'), 1), /parts/],
    [
      'a confirmation of what was not sent',
      () => (batch(1, 'wait'), client.send(FRAME.ack, 1000, undefined, 1)),
      /confirmed before/,
    ],
    ['leave with what was not sent', () => (batch(1, 'wait'), client.send(FRAME.end, 1000, undefined, 1)), /confirmed before/],
    [
      'too many runs at once',
      () => {
        for (let channel = 1; channel <= LINK_CHANNELS + 1; channel++) batch(channel, 'wait');
      },
      /64 channels/,
    ],
  ];
  it.each(HOSTILE)('that sends %s is sent away with the reason', async (_name, act, reason) => {
    act();
    expect(await client.closed()).toEqual([1008, expect.stringMatching(reason)]);
  });

  it('may send to a channel that was refused', async () => {
    request(1, {});
    client.send(FRAME.input, 0, Buffer.from('a'), 1);
    client.send(FRAME.end, 0, undefined, 1);
    batch(2, 'numbers', '1');
    await ended(1, 2);
    expect(of(2).map(({ type }) => type)).toEqual([RECORD_TYPES.stdout, RECORD_TYPES.finished, FRAME.end]);
  });

  it.each([
    ['an unknown session', () => link('nobody'), 404],
    ['a bad session id', () => link('-'), 400],
    ['a parameter', () => link(session, '?from=1'), 400],
  ])('is refused before it is connected: %s', async (_name, connect, status) => {
    expect(await connect().refused()).toBe(status);
  });

  it('is asked to come again when the node goes away', async () => {
    const closed = client.closed();
    await node.gateway.close();
    expect((await closed)[0]).toBe(1001);
  });
});
