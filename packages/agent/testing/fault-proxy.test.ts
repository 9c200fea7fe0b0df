import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy.js';

let proxy: FaultProxy;
let servers: Server[];

/** A server that answers each piece with a name before it. */
async function startEcho(name: string): Promise<{ host: string; port: number }> {
  const server = createServer((socket) =>
    socket.on('error', () => {}).on('data', (data) => socket.write(`${name}${String(data)}`)),
  );
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

async function connected(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A reset is told as an error first, which `once` would reject with. */
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

async function say(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(text);
  return String((await answer)[0]);
}

beforeEach(async () => {
  servers = [];
  proxy = await FaultProxy.start(await startEcho('a'));
});
afterEach(async () => {
  await proxy.close();
  for (const server of servers) server.close();
});

describe('the fault proxy', () => {
  it('passes on, to where it is told now', async () => {
    const first = await connected();
    expect(await say(first, '1')).toBe('a1');
    proxy.target = await startEcho('b');
    expect(await say(await connected(), '2')).toBe('b2');
    expect(await say(first, '3')).toBe('a3');
    expect(proxy.attempts).toBe(2);
  });

  it('cuts what is open and serves what is new', async () => {
    const socket = await connected();
    await say(socket, '1');
    const end = closed(socket);
    proxy.cut();
    await end;
    expect(await say(await connected(), '2')).toBe('a2');
  });

  it('refuses until told otherwise, and counts', async () => {
    proxy.refuse();
    for (let i = 0; i < 3; i++) await closed(connect(proxy.port, '127.0.0.1').on('error', () => {}));
    expect([proxy.attempts, proxy.open]).toEqual([3, 0]);
    proxy.resume();
    expect(await say(await connected(), '1')).toBe('a1');
  });

  it('swallows nothing for good: what was said while stalled arrives afterwards', async () => {
    const old = await connected();
    await say(old, '1');
    proxy.stall();
    const young = await connected();
    const answers = Promise.all([say(old, '2'), say(young, '3')]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(proxy.open).toBe(2);
    proxy.resume();
    expect(await answers).toEqual(['a2', 'a3']);
  });

  it('stands before a Unix socket just the same, and takes its own away', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'berth-proxy-'));
    const [real, own] = ['real', 'own'].map((name) => join(directory, name)) as [string, string];
    const server = createServer((socket) => socket.on('data', (data) => socket.write(`unix ${String(data)}`))).listen(real);
    servers.push(server);
    await once(server, 'listening');
    const before = await FaultProxy.start({ path: real }, own);
    try {
      const socket = connect(own).on('error', () => {});
      expect(await say(socket, '1')).toBe('unix 1');
      const ends = closed(socket);
      before.refuse();
      await ends;
      await closed(connect(own).on('error', () => {}));
      before.resume();
      const again = connect(own).on('error', () => {});
      expect(await say(again, '2')).toBe('unix 2');
      again.destroy();
    } finally {
      await before.close();
    }
    expect(await readdir(directory)).toEqual(['real']);
    await rm(directory, { recursive: true, force: true });
  });
});
