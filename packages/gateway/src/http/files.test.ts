import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY, someRun, startFakeNode, type FakeNode } from '../../testing/fake-node.js';

let node: FakeNode;
let session: string;
beforeEach(async () => {
  node = await startFakeNode();
  ({ session } = await someRun(node.service, ['wait']));
});
afterEach(() => node.gateway.close());

const headers = { authorization: `Bearer ${KEY}`, connection: 'close' };
const file = (path: string) => `${node.endpoint}/v1/sessions/${session}/files/${path}`;

describe('files', () => {
  it.each(['application/json', 'text/plain', 'application/octet-stream'])('come back byte for byte, sent as %s', async (type) => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256);
    const put = await fetch(file('a%20dir/b.bin'), { method: 'PUT', body: bytes, headers: { ...headers, 'content-type': type } });
    expect(await put.json()).toMatchObject({ path: 'a dir/b.bin', size: bytes.length });
    const got = await fetch(file('a%20dir/b.bin'), { headers });
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    expect(node.service.renewals.filter((id) => id === session).length).toBeGreaterThanOrEqual(2);
  });

  it('may be empty', async () => {
    await fetch(file('empty'), { method: 'PUT', headers });
    expect((await (await fetch(file('empty'), { headers })).arrayBuffer()).byteLength).toBe(0);
  });

  it('that break half-way do not look whole', async () => {
    node.service.readFile = async () => ({
      entry: { path: 'x', type: 'file', size: 20, mode: 0o100644, mtimeMs: 0, ctimeMs: 0, atimeMs: 0 },
      content: (async function* () {
        yield Buffer.from('half');
        throw new Error('disk');
      })(),
    });
    await expect(fetch(file('x'), { headers }).then((reply) => reply.arrayBuffer())).rejects.toThrow();
  });

  it('that grow while they are read end where they ended', async () => {
    node.service.readFile = async () => ({
      entry: { path: 'x', type: 'file', size: 6, mode: 0o100644, mtimeMs: 0, ctimeMs: 0, atimeMs: 0 },
      content: (async function* () {
        for (;;) yield Buffer.from('half');
      })(),
    });
    expect(await (await fetch(file('x'), { headers })).text()).toBe('halfha');
  });

  it('that are missing are named', async () => {
    const reply = await fetch(file('nothing'), { headers });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { code: 'no-such-file' } });
  });
});
