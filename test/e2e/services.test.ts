/**
 * Services of sessions on real drivers: the genuine Jupyter server with a message of a kernel through a tunnel, an HTTP server, plain TCP, and what
 * is refused. Sessions have no network but loopback.
 */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BerthClient } from '@berth/client';
import { startGateway, type Gateway } from '@berth/gateway';
import { newRunId, type KernelId } from '@berth/wire';
import { createKernel, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithBubblewrap, isRoot, startSandboxAgent } from '../support/sandbox.js';
import { describeWithDocker, describeWithJupyter } from '../support/services.js';

const KEY = 'key-of-these-tests';
/** Where a session sees the Jupyter server. */
const AT = '/home/work/jupyter';

/** Listens on 9000; gives back what it gets, in capitals, when its input has ended. */
const UPPER = `
import socket
server = socket.create_server(('127.0.0.1', 9000))
while True:
    peer, _ = server.accept()
    with peer:
        data = b''.join(iter(lambda: peer.recv(65536), b''))
        peer.sendall(data.upper())`;

describeWithDocker('services in a container', (docker) => stories(() => startTestAgent(docker, {}, { driver: 'docker' })));
describeWithBubblewrap('services in a sandbox', () => {
  stories(startSandboxAgent);
  // One driver and one user are enough for what is slow; the cache of root is not for others to read.
  if (isRoot) jupyterStory();
});

function stories(start: () => Promise<TestAgent>): void {
  let node: TestAgent;
  let gateway: Gateway;
  let client: BerthClient;
  let session: KernelId;
  beforeAll(async () => {
    node = await start();
    gateway = await gatewayOf(node);
    client = new BerthClient({ endpoint: gateway.endpoint, key: KEY });
    session = await createKernel(node.service, { image: 'host' });
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    await node.stop();
  });

  const text = async (connection: Duplex): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of connection) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  };

  it('that Berth knows are started, found again, listed and stopped', async () => {
    const first = await client.startService(session, { name: 'http-server', arguments: { '--directory': '/etc' } });
    expect(first).toMatchObject({ state: 'running', origin: 'built-in', ports: [8000], path: '/' });
    expect(await client.startService(session, { name: 'http-server' })).toEqual(first);
    const page = await ask(await client.openTunnel(session, { service: 'http-server' }), 'GET', '/passwd');
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('root:')]);
    expect(await client.stopService(session, 'http-server')).toMatchObject({ state: 'ended' });
    await expect(client.openTunnel(session, { port: 8000 })).rejects.toMatchObject({ code: 'service-unreachable' });
    const again = await client.startService(session, { name: 'http-server', port: 8001 });
    expect([again.ports, again.runId]).toEqual([[8001], 'service.http-server.2']);
    expect(await client.listServices(session)).toContainEqual(again);
  });

  it('of a command of the caller: a direction is ended and the other goes on, 2 MiB each way', async () => {
    const command = ['/usr/bin/python3', '-c', UPPER];
    expect(await client.startService(session, { name: 'upper', port: 9000, command })).toMatchObject({ origin: 'request' });
    const connections = await Promise.all([1, 2, 3].map(() => client.openTunnel(session, { service: 'upper' })));
    const sent = 'abcdefgh'.repeat(256 * 1024);
    // The program serves one after the other: those that wait hold up nobody.
    for (const connection of connections) connection.end(sent);
    for (const connection of connections) expect((await text(connection)) === sent.toUpperCase()).toBe(true);
  });

  it('are refused what their definition does not allow', async () => {
    const refused = client.startService(session, { name: 'jupyter', arguments: { '--allow-root': null } });
    await expect(refused).rejects.toMatchObject({ code: 'bad-request', fix: expect.stringContaining('--debug') as string });
    await expect(client.startService(session, { name: 'jupyter', env: { LD_PRELOAD: 'x' } })).rejects.toThrow(
      /no variable "LD_PRELOAD"/,
    );
    await expect(client.startService(session, { name: 'nothing' })).rejects.toMatchObject({ code: 'no-such-service' });
  });

  it('that end, or never listen, are told with their last words', async () => {
    const dies = client.startService(session, { name: 'dies', port: 9001, command: ['sh', '-c', 'echo no licence >&2; exit 3'] });
    await expect(dies).rejects.toThrow(
      /service dies ended with exit code 3 before its port 9001 accepted; it printed: no licence/,
    );
    const command = ['sh', '-c', 'echo thinking; sleep 4713'];
    const idle = client.startService(session, { name: 'idle', port: 9002, command, readyMs: 300 });
    await expect(idle).rejects.toThrow(/did not open its port 9002 within 0.3 s; it printed: thinking/);
    const { state } = (await client.listServices(session)).find(({ name }) => name === 'idle')!;
    expect(state).toBe('ended');
  });
}

function jupyterStory(): void {
  describeWithJupyter('the genuine Jupyter server', (directory) => {
    let node: TestAgent;
    let gateway: Gateway;
    beforeAll(async () => {
      node = await startSandboxAgent();
      gateway = await gatewayOf(node);
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
      await node.stop();
    });

    it('answers a message to a kernel, through the tunnel', async () => {
      const client = new BerthClient({ endpoint: gateway.endpoint, key: KEY });
      const [version] = readdirSync(join(directory, 'lib'));
      const kernel = await createKernel(node.service, {
        image: 'host',
        memoryBytes: 1024 * 1024 * 1024,
        env: { PYTHONPATH: `${AT}/lib/${version}/site-packages`, JUPYTER_PATH: `${AT}/share/jupyter` },
        mounts: [{ source: directory, target: AT, readOnly: true }],
      });
      const service = await client.startService(kernel, { name: 'jupyter' });
      expect(service).toMatchObject({ protocol: 'http', ports: [8888], origin: 'built-in', state: 'running' });
      const token = new URL(service.path!, 'http://x').searchParams.get('token')!;
      const open = () => client.openTunnel(kernel, { service: 'jupyter' });
      expect((await ask(await open(), 'GET', '/api/kernels')).status).toBe(403);
      const made = await ask(await open(), 'POST', '/api/kernels', token);
      expect(made.status).toBe(201);
      const { id } = JSON.parse(made.body) as { id: string };
      expect(await executed(await open(), `/api/kernels/${id}/channels?token=${token}`, '6 * 7')).toBe('42');
      expect(await client.stopService(kernel, 'jupyter')).toMatchObject({ state: 'ended' });
      await node.service.destroyKernel(kernel, { graceMs: 0 });
    }, 60_000);
  });
}

const gatewayOf = (node: TestAgent): Promise<Gateway> =>
  startGateway({ service: node.service, node: undefined as never, key: KEY, host: '127.0.0.1', port: 0 });

/** One HTTP request over a connection. */
async function ask(
  connection: Duplex,
  method: string,
  path: string,
  token?: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { host: 'localhost', connection: 'close', ...(token ? { authorization: `token ${token}` } : {}) };
  const request = httpRequest({ method, path, headers, createConnection: () => connection as never });
  request.end();
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  connection.destroy();
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

interface JupyterMessage {
  readonly msg_type: string;
  readonly parent_header: { readonly msg_id?: string };
  readonly content: { readonly data: Readonly<Record<string, string>> };
}

/** What a Jupyter kernel says to a piece of code, by the messages of its own protocol. */
async function executed(connection: Duplex, path: string, code: string): Promise<string> {
  const socket = new WebSocket(`ws://localhost${path}`, { createConnection: () => connection as never });
  await once(socket, 'open');
  const header = { msg_id: newRunId(), msg_type: 'execute_request', username: '', session: newRunId(), version: '5.3' };
  const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
  const result = new Promise<string>((resolve, reject) => {
    socket.on('close', () => reject(new Error('closed before the answer')));
    socket.on('message', (data: Buffer) => {
      const { msg_type, parent_header, content } = JSON.parse(data.toString()) as JupyterMessage;
      if (msg_type === 'execute_result' && parent_header.msg_id === header.msg_id) resolve(content.data['text/plain']!);
    });
  });
  socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content, buffers: [] }));
  try {
    return await result;
  } finally {
    socket.removeAllListeners('close');
    socket.terminate();
  }
}
