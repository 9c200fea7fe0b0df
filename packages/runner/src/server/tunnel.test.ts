import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME, FRAME_HEADER_BYTES, parseFrame, TUNNEL_WINDOW_BYTES, type Frame } from '@berth/wire';
import { Tunnel } from './tunnel.js';

const WINDOW = 1000;

describe('a tunnel', () => {
  let server: Server;
  let peer: Promise<Socket>;
  let tunnel: Tunnel;
  let wake = () => {};
  const confirmed: number[] = [];
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    confirmed.length = 0;
    server = createServer({ allowHalfOpen: true }, (socket) => void sockets.add(socket.on('error', () => {})));
    peer = once(server, 'connection').then(([socket]) => socket as Socket);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    tunnel = new Tunnel(5, WINDOW, { hasMore: () => wake(), confirm: (offset) => confirmed.push(offset) });
  });
  afterEach(async () => {
    tunnel.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const connect = () => tunnel.connect((server.address() as AddressInfo).port);

  /** The next frame that it sends. */
  async function next(): Promise<Frame> {
    for (;;) {
      const packet = tunnel.take();
      if (packet) return parseFrame(Buffer.concat(packet.buffers).subarray(4));
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const frame = (type: number, seq: number, payload = Buffer.alloc(0)): Frame => ({
    type,
    more: false,
    channel: 5,
    seq,
    payload,
  });

  it('sends what the service says up to its window, and the rest once that is confirmed', async () => {
    await connect();
    (await peer).end(Buffer.alloc(WINDOW + 10, 'x'));
    let got = 0;
    while (got < WINDOW) {
      const { type, seq, payload } = await next();
      expect([type, seq]).toEqual([FRAME.data, got]);
      got += payload.length;
    }
    expect([got, tunnel.take()]).toEqual([WINDOW, undefined]);
    tunnel.confirm(WINDOW);
    expect(await next()).toMatchObject({ type: FRAME.data, seq: WINDOW, payload: Buffer.alloc(10, 'x') });
    expect(await next()).toMatchObject({ type: FRAME.dataEnd, seq: WINDOW + 10 });
  });

  it('passes on bytes and the end of one direction, and is over when both have ended', async () => {
    await connect();
    const service = await peer;
    tunnel.receive(frame(FRAME.data, 0, Buffer.from('question')));
    tunnel.receive(frame(FRAME.dataEnd, 8));
    const [asked] = (await once(service, 'data')) as [Buffer];
    await once(service, 'end');
    service.end('answer');
    expect([asked.toString(), (await next()).payload.toString()]).toEqual(['question', 'answer']);
    expect((await next()).type).toBe(FRAME.dataEnd);
    const last = await next();
    expect([last.type, last.payload.length, confirmed]).toEqual([FRAME.end, 0, [8]]);
  });

  it('says why when the service breaks the connection', async () => {
    await connect();
    (await peer).resetAndDestroy();
    const { type, payload } = await next();
    expect([type, JSON.parse(payload.toString())]).toEqual([FRAME.end, expect.objectContaining({ code: 'service-unreachable' })]);
  });

  it('ends the connection when the agent does', async () => {
    await connect();
    const service = (await peer).resume();
    tunnel.receive(frame(FRAME.end, 0));
    await once(service, 'end');
  });

  it('refuses more than its window, bytes out of place, and confirmations of what was never sent', async () => {
    await connect();
    (await peer).pause();
    expect(() => tunnel.receive(frame(FRAME.data, 1, Buffer.from('x')))).toThrow(/missing/);
    expect(() => tunnel.receive(frame(FRAME.data, 0, Buffer.alloc(TUNNEL_WINDOW_BYTES + 1)))).toThrow(/window/);
    expect(() => tunnel.confirm(1)).toThrow(/before they were sent/);
  });

  it('is refused where nobody listens', async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await expect(tunnel.connect(port)).rejects.toMatchObject({ code: 'service-unreachable', fields: { port } });
  });

  it('costs a header for each frame', async () => {
    await connect();
    (await peer).write('x');
    await new Promise<void>((resolve) => (wake = resolve));
    expect(tunnel.take()).toMatchObject({ bytes: FRAME_HEADER_BYTES + 1 });
  });
});
