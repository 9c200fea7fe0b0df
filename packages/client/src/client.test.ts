import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from '@berth/wire/http';
import { KEY, startFakeNode, type FakeNode } from '../../gateway/testing/fake-node.js';
import { BerthClient } from './client.js';
import { whileNodeAway } from './patience.js';

let node: FakeNode;
let client: BerthClient;
beforeEach(async () => {
  node = await startFakeNode();
  client = new BerthClient({ endpoint: node.endpoint, key: KEY });
});
afterEach(() => node.gateway.close());

describe('BerthClient', () => {
  it('has a method for each route', () => {
    for (const name of Object.keys(ROUTES)) expect(client).toHaveProperty(name, expect.any(Function));
  });

  it('drives a session from its start to its end', async () => {
    expect(await client.node()).toMatchObject({ running: true });
    expect(await client.createSession({ sessionId: 's1', spec: { image: 'some:1' } })).toMatchObject({ phase: 'running' });
    expect(await client.listSessions()).toHaveLength(1);
    expect(await client.renewSession('s1')).toMatchObject({ sessionId: 's1' });
    expect(await client.startRun('s1', { mode: 'batch', runId: 'r1', argv: ['wait'] })).toMatchObject({ state: 'running' });
    await client.signalRun('s1', 'r1', 'interrupt');
    expect(await client.listRuns('s1')).toMatchObject([{ runId: 'r1', state: 'finished' }]);
    const terminal = { rows: 24, columns: 80 };
    await client.startRun('s1', { mode: 'batch', runId: 'r2', argv: ['wait'], stdin: 'open', terminal });
    await client.resizeRun('s1', 'r2', { rows: 50, columns: 132 });
    expect(node.service.resizes).toEqual([{ runId: 'r2', rows: 50, columns: 132 }]);
    await client.signalRun('s1', 'r2', 'kill');
    await expect(client.resizeRun('s1', 'r1', terminal)).rejects.toMatchObject({ code: 'terminal-missing', status: 422 });
    expect(await client.complete('s1', { language: 'python', code: 'im', cursor: 2 })).toEqual(['python:im']);
    expect(await client.deleteSession('s1', { graceMs: 0 })).toMatchObject({ phase: 'terminated' });
    expect(await client.getSession('s1')).toMatchObject({ reason: 'user-requested' });
    expect(await client.listSessions()).toHaveLength(0);
    expect(await client.listSessions({ all: true })).toHaveLength(1);
    expect(await client.stopNode({ terminate: true })).toEqual({ stopping: true });
  });

  it('carries files of any name', async () => {
    await client.createSession({ sessionId: 's1', spec: { image: 'some:1' } });
    const name = 'a dir/100% #1?.bin';
    expect(await client.putFile('s1', name, Buffer.from('content'))).toMatchObject({ path: name, size: 7 });
    const chunks: Uint8Array[] = [];
    for await (const chunk of await client.getFile('s1', name)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('content');
    expect(await client.listFiles('s1')).toMatchObject([{ path: name }]);
    expect(await client.listFiles('s1', 'other')).toEqual([]);
    await expect(client.getFile('s1', 'nothing')).rejects.toMatchObject({ code: 'no-such-file' });
  });

  it('never takes half a file for a whole one', async () => {
    await client.createSession({ sessionId: 's1', spec: { image: 'some:1' } });
    node.service.readFile = async () => ({
      entry: { path: 'x', type: 'file', size: 8, mode: 0o100644, mtimeMs: 0, ctimeMs: 0, atimeMs: 0 },
      content: (async function* () {
        yield Buffer.from('half');
      })(),
    });
    const reading = (async () => {
      for await (const chunk of await client.getFile('s1', 'x')) void chunk;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'node-lost' });
  });

  it('rejects with the errors of the node', async () => {
    await expect(client.getSession('nobody')).rejects.toMatchObject({ code: 'no-such-session', status: 404 });
    await expect(client.createSession({ spec: { image: 'i', cpus: -1 } })).rejects.toMatchObject({ code: 'bad-request' });
    await expect(new BerthClient({ endpoint: node.endpoint, key: 'wrong' }).node()).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  it('says node-lost when nobody answers', async () => {
    await node.gateway.close();
    await expect(client.node()).rejects.toMatchObject({ code: 'node-lost' });
  });
});

describe('whileNodeAway', () => {
  it('asks again until the node is back', async () => {
    await node.gateway.close();
    const away: string[] = [];
    const address = async () => ({ endpoint: node.endpoint, key: KEY });
    const asking = whileNodeAway(() => new BerthClient(address).node(), { onAway: () => away.push('away') });
    node = await startFakeNode();
    expect(await asking).toMatchObject({ running: true });
    expect(away.length).toBeLessThanOrEqual(1);
  });

  it('gives up in time, and at once for any other error', async () => {
    await expect(whileNodeAway(() => client.getSession('nobody'))).rejects.toMatchObject({ code: 'no-such-session' });
    await node.gateway.close();
    await expect(whileNodeAway(() => client.node(), { reconnectMs: 30 })).rejects.toMatchObject({ code: 'node-lost' });
  });
});
