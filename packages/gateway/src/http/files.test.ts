import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError, type FileService } from '@berth/wire';
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

describe('a part of a file', () => {
  const get = async (range: string, more: Record<string, string> = {}) => {
    const reply = await fetch(file('ten'), { headers: { ...headers, range, ...more } });
    return [reply.status, reply.headers.get('content-range'), await reply.text()];
  };
  beforeEach(() => fetch(file('ten'), { method: 'PUT', body: '0123456789', headers }));

  it.each([
    ['bytes=0-3', '0-3', '0123'],
    ['bytes=4-', '4-9', '456789'],
    ['bytes=-3', '7-9', '789'],
    ['bytes=8-100', '8-9', '89'],
    ['bytes=-100', '0-9', '0123456789'],
    ['bytes=9-9', '9-9', '9'],
  ])('is given for %s', async (range, told, text) => {
    expect(await get(range)).toEqual([206, `bytes ${told}/10`, text]);
  });

  it.each(['bytes=0-1,3-4', 'lines=0-1', 'bytes=-', 'bytes=5-3', 'nonsense'])('is the whole for %j', async (range) => {
    expect(await get(range)).toEqual([200, null, '0123456789']);
  });

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('that lies behind the end is refused: %s', async (range) => {
    const [status, told, text] = await get(range);
    expect([status, told]).toEqual([416, 'bytes */10']);
    expect(JSON.parse(text as string)).toMatchObject({ error: { code: 'bad-request' } });
  });

  it('is given with If-Range only of the same content', async () => {
    const etag = (await fetch(file('ten'), { headers })).headers.get('etag')!;
    expect((await get('bytes=4-', { 'if-range': etag }))[0]).toBe(206);
    await fetch(file('ten'), { method: 'PUT', body: 'other', headers });
    expect(await get('bytes=4-', { 'if-range': etag })).toEqual([200, null, 'other']);
  });
});

describe('what is sent', () => {
  it.each([
    ['sha256=abc', /sha256 is "abc"/],
    ['mode=9', /mode is "9"/],
    ['mode=4755', /mode/],
    ['other=1', /other/],
  ])('with the query %s is refused', async (query, message) => {
    const reply = await fetch(`${file('x')}?${query}`, { method: 'PUT', body: 'x', headers });
    expect(reply.status).toBe(400);
    expect(((await reply.json()) as { error: { message: string } }).error.message).toMatch(message);
  });

  it('hands sum and mode on', async () => {
    let seen: unknown;
    const write = node.service.writeFile.bind(node.service);
    node.service.writeFile = ((id, path, content, options) => {
      seen = options;
      return write(id, path, content);
    }) as FileService['writeFile'];
    await fetch(`${file('x')}?sha256=${'AB'.repeat(32)}&mode=755`, { method: 'PUT', body: 'x', headers });
    expect(seen).toEqual({ sha256: 'AB'.repeat(32), mode: 0o755 });
  });

  it('and breaks off is no whole file', async () => {
    const written = new Promise<unknown>((resolve) => {
      node.service.writeFile = async (_id, _path, content) => {
        try {
          for await (const _ of content);
          resolve('whole');
        } catch (error) {
          resolve(error);
        }
        throw new Error('nobody hears this');
      };
    });
    const socket = connect(Number(new URL(node.endpoint).port), '127.0.0.1');
    socket.write(`PUT ${new URL(file('x')).pathname} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${KEY}\r\n`);
    socket.write('Content-Length: 100\r\n\r\nhalf', () => socket.destroy());
    expect(await written).toMatchObject({ code: 'cancelled' });
  });

  it('renews the lease for as long as it goes on', async () => {
    const before = node.service.renewals.length;
    const slow = Readable.toWeb(
      Readable.from(
        (async function* () {
          for (let i = 0; i < 4; i++) {
            yield Buffer.from('x');
            await new Promise((resolve) => setTimeout(resolve, 300));
          }
        })(),
      ),
    );
    await fetch(file('slow'), { method: 'PUT', body: slow, duplex: 'half', headers } as never);
    expect(node.service.renewals.length).toBeGreaterThanOrEqual(before + 2);
  });
});

describe('removing', () => {
  it('takes a file, and a directory only when that is meant', async () => {
    for (const path of ['a', 'dir/b']) await fetch(file(path), { method: 'PUT', body: 'x', headers });
    expect((await fetch(file('dir'), { method: 'DELETE', headers })).status).toBe(404);
    expect((await fetch(`${file('dir')}?recursive=1`, { method: 'DELETE', headers })).status).toBe(200);
    expect(await (await fetch(file('a'), { method: 'DELETE', headers })).json()).toEqual({});
    expect((await fetch(file('a'), { headers })).status).toBe(404);
    expect((await fetch(`${file('a')}?recursive=yes`, { method: 'DELETE', headers })).status).toBe(400);
  });
});

describe('directories', () => {
  const view = (name: string, path: string) => `${node.endpoint}/v1/sessions/${session}/${name}?path=${path}`;

  it('go and come as archives', async () => {
    expect(await (await fetch(view('archive', 'x'), { method: 'PUT', body: 'tar', headers })).json()).toEqual({
      entries: 1,
      bytes: 3,
    });
    const got = await fetch(view('archive', 'x'), { headers });
    expect([got.headers.get('content-type'), await got.text()]).toEqual(['application/x-tar', 'tar']);
  });

  it('are watched line by line, until the reader goes', async () => {
    const { changes } = node.service;
    changes.push({ type: 'ready' });
    const reader = new AbortController();
    const reply = await fetch(view('watch', '.'), { headers, signal: reader.signal });
    const lines = reply.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('{"type":"ready"}\n');
    changes.push({ type: 'removed', path: 'a' });
    expect((await lines.next()).value).toBe('{"type":"removed","path":"a"}\n');
    reader.abort();
    // The service is told: its queue ends.
    for await (const _ of changes);
  });

  it('that cannot be watched are refused with a status', async () => {
    const missing = { next: () => Promise.reject(new BerthError('no-such-file', 'there is none')) };
    node.service.watchFiles = () => ({ [Symbol.asyncIterator]: () => missing });
    expect((await fetch(view('watch', 'x'), { headers })).status).toBe(404);
  });
});
