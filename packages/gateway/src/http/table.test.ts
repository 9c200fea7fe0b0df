import { Readable } from 'node:stream';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES, type RouteName } from '@berth/wire/http';
import { KEY, someRun, startFakeNode, type FakeNode } from '../../testing/fake-node.js';

let node: FakeNode;
beforeEach(async () => {
  node = await startFakeNode();
});
afterEach(() => node.gateway.close());

interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** Node's own client: unlike fetch it sends any header. */
function call(
  method: string,
  path: string,
  options: { body?: unknown; raw?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const text = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const headers = {
    authorization: `Bearer ${KEY}`,
    ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, node.endpoint), { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) }));
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

describe('each route', () => {
  const expected: Record<RouteName, { readonly body?: unknown; readonly reply: unknown }> = {
    node: { reply: { running: true, driver: 'fake' } },
    stopNode: { body: { terminate: true }, reply: { stopping: true } },
    listSessions: { reply: { sessions: [{ phase: 'running' }] } },
    createSession: {
      body: { sessionId: 'new', spec: { image: 'some:1' } },
      reply: { sessionId: 'new', kernelId: 'new', spec: { cpus: 1 } },
    },
    getSession: { reply: { phase: 'running' } },
    deleteSession: { reply: { phase: 'terminated' } },
    restartSession: { reply: { phase: 'running', incarnation: 2 } },
    pauseSession: { reply: { phase: 'running', paused: true } },
    resumeSession: { reply: { phase: 'running', paused: false } },
    renewSession: { reply: { phase: 'running' } },
    listRuns: { reply: { runs: [{ state: 'running' }] } },
    startRun: { body: { mode: 'batch', runId: 'r2', argv: ['exit', '0'] }, reply: { runId: 'r2', state: 'finished' } },
    signalRun: { body: { signal: 'kill' }, reply: {} },
    runOutputs: { reply: { files: [] } },
    listProcesses: { reply: { processes: [{ pid: 7, command: 'wait' }] } },
    signalProcess: { body: { pid: 7, signal: 'SIGTERM' }, reply: {} },
    resizeRun: { body: { rows: 50, columns: 132 }, reply: {} },
    complete: { body: { language: 'python', code: 'imp', cursor: 3 }, reply: { matches: ['python:imp'] } },
    listServices: { reply: { services: [] } },
    startService: { body: { name: 'jupyter', port: 9000 }, reply: { name: 'jupyter', ports: [9000], state: 'running' } },
    stopService: { reply: { name: 'web', state: 'ended' } },
    listFiles: { reply: { entries: [{ path: 'old' }] } },
    statFile: { reply: { path: '.', type: 'directory' } },
    makeDirectory: { body: { path: 'new' }, reply: { path: 'new', type: 'directory' } },
    moveFile: { body: { from: 'old', to: 'new' }, reply: { path: 'new', type: 'file' } },
  };

  it.each(Object.keys(ROUTES) as RouteName[])('%s answers from the service', async (name) => {
    const terminal = { rows: 24, columns: 80 };
    const { session, run } = await someRun(node.service, ['wait'], null, { stdin: 'open', terminal });
    await node.service.writeFile(session, 'old', Readable.from([Buffer.from('x')]));
    if (name === 'stopService') await node.service.startService(session, { name: 'web' });
    const { method, path } = ROUTES[name];
    const filled = path.replace(':session', session).replace(':run', run).replace(':service', 'web');
    const answer = await call(method, filled, { body: expected[name].body });
    expect(answer.body).toMatchObject(expected[name].reply as object);
    expect(answer.status).toBe(200);
    if (path.includes(':session')) expect(node.service.renewals).toContain(session);
  });

  it.each(Object.keys(ROUTES) as RouteName[])('%s wants the key', async (name) => {
    const { method, path } = ROUTES[name];
    for (const authorization of ['', 'Bearer wrong', `Basic ${KEY}`, KEY]) {
      const answer = await call(method, path.replace(/:(session|run)/g, 'x1'), { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    }
    expect(node.stops).toEqual([]);
  });

  it('stops the node as asked, after the reply', async () => {
    await call('POST', '/v1/node/stop', { body: {} });
    expect(node.stops).toEqual([{ terminate: false }]);
  });
});

describe('what is wrong is told by field, value and rule', () => {
  const sessions = '/v1/sessions';
  const cases: [string, string, string, { body?: unknown; raw?: string }, number, RegExp][] = [
    ['cpus too small', 'POST', sessions, { body: { spec: { image: 'i', cpus: 0 } } }, 400, /^spec\.cpus is 0: .*0\.01/],
    [
      'memory too small',
      'POST',
      sessions,
      { body: { spec: { image: 'i', memoryBytes: 5 } } },
      400,
      /^spec\.memoryBytes is 5: must be at least 32 MiB/,
    ],
    [
      'an unknown network',
      'POST',
      sessions,
      { body: { spec: { image: 'i', network: 'all' } } },
      400,
      /^spec\.network is "all": .*"none"\|"bridge"\|"host"/,
    ],
    ['no specification', 'POST', sessions, { body: {} }, 400, /^spec is missing/],
    ['an unknown field', 'POST', sessions, { body: { spec: { image: 'i', gpu: 1 } } }, 400, /^spec: .*"gpu"/],
    [
      'a bad id',
      'POST',
      sessions,
      { body: { sessionId: '../x', spec: { image: 'i' } } },
      400,
      /^sessionId is "\.\.\/x": must be 1 to 64/,
    ],
    ['a list for a body', 'POST', sessions, { body: [] }, 400, /^the body: /],
    ['no JSON', 'POST', sessions, { raw: '{"spec":' }, 400, /JSON/],
    ['a prototype', 'POST', sessions, { raw: '{"__proto__":{"x":1},"spec":{"image":"i"}}' }, 400, /JSON/],
    ['an unknown query', 'GET', `${sessions}?al=1`, {}, 400, /^al is "1": .*all/],
    ['a bad flag', 'GET', `${sessions}?all=yes`, {}, 400, /^all is "yes": must be 0 or 1/],
    ['a flag twice', 'GET', `${sessions}?all=1&all=0`, {}, 400, /^all: must be given once/],
    ['no width', 'POST', `${sessions}/s1/runs/r1/resize`, { body: { rows: 24, columns: 0 } }, 400, /^columns is 0: /],
    ['a bad grace', 'DELETE', `${sessions}/s1?graceMs=-1`, {}, 400, /^graceMs is "-1": must be 0 to/],
    ['a bad id in the path', 'GET', `${sessions}/-x`, {}, 400, /^the session id is "-x": must be/],
    ['no such session', 'GET', `${sessions}/nobody`, {}, 404, /nobody/],
    [
      'an ended session',
      'POST',
      `${sessions}/s1/runs`,
      { body: { mode: 'batch', runId: 'r', argv: ['true'] } },
      410,
      /has ended/,
    ],
    ['an unknown mode', 'POST', `${sessions}/s1/runs`, { body: { mode: 'other' } }, 400, /^mode is "other": /],
    [
      'nothing to run',
      'POST',
      `${sessions}/s1/runs`,
      { body: { mode: 'batch', runId: 'r', argv: [] } },
      400,
      /argv must name a program/,
    ],
    [
      'an unknown signal',
      'POST',
      `${sessions}/s1/runs/r1/signal`,
      { body: { signal: 'HUP' } },
      400,
      /^signal is "HUP": .*interrupt/,
    ],
    ['an image that is missing', 'POST', sessions, { body: { spec: { image: 'missing' } } }, 404, /no image/],
    ['no such route', 'GET', '/v2/sessions', {}, 404, /there is no GET \/v2\/sessions/],
    ['a wrong method', 'PUT', sessions, { body: {} }, 404, /there is no PUT/],
    ['a broken path', 'GET', `${sessions}/%zz`, {}, 400, /%zz/],
  ];

  it.each(cases)('%s', async (_name, method, path, options, status, message) => {
    const id = 's1' as never;
    await node.service.createKernel({ kernelId: id, sessionId: id, spec: {} as never });
    await node.service.destroyKernel(id);
    const answer = await call(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toMatch(message);
    expect(answer.body.error.fix).not.toBe('');
    expect(node.defects).toEqual([]);
  });

  it('never shows the value of a variable', async () => {
    const answer = await call('POST', sessions, { body: { spec: { image: 'i', env: { TOKEN: 'secret\0' } } } });
    expect(answer.body.error.message).toMatch(/^spec\.env\.TOKEN: must not contain a zero byte/);
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });

  it('refuses a body that is too large', async () => {
    const answer = await call('POST', sessions, { raw: `"${'x'.repeat(9 * 1024 * 1024)}"` }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect([413, 'EPIPE', 'ECONNRESET']).toContain(typeof answer === 'object' ? answer.status : answer);
  });

  it('tells a defect to the log, and to the caller without its insides', async () => {
    node.service.listKernels = () => {
      throw new TypeError('boom');
    };
    expect(await call('GET', sessions)).toMatchObject({ status: 500, body: { error: { code: 'internal', message: 'boom' } } });
    expect(node.defects).toHaveLength(1);
  });
});

describe('callers from elsewhere', () => {
  it.each(['evil.example', 'evil.example:8081', '192.168.0.1'])('refuses the host name %s', async (host) => {
    expect(await call('GET', '/v1/node', { headers: { host } })).toMatchObject({ status: 400 });
  });

  it.each(['localhost:1', '127.0.0.1', '[::1]:80'])('takes the host name %s', async (host) => {
    expect(await call('GET', '/v1/node', { headers: { host } })).toMatchObject({ status: 200 });
  });

  it('refuses a page of another origin, and allows none', async () => {
    expect(await call('GET', '/v1/node', { headers: { origin: 'http://evil.example' } })).toMatchObject({ status: 400 });
    expect((await call('OPTIONS', '/v1/node', { headers: { origin: node.endpoint } })).status).toBe(404);
  });
});

describe('a caller that goes away', () => {
  it('cancels the creation it waits for', async () => {
    node.service.holdCreation = new Promise(() => {});
    const create = node.service.createKernel.bind(node.service);
    let begin!: (signal: AbortSignal) => void;
    const begun = new Promise<AbortSignal>((resolve) => (begin = resolve));
    node.service.createKernel = (wanted, signal) => {
      begin(signal!);
      return create(wanted, signal);
    };
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const sent = request(`${node.endpoint}/v1/sessions`, { method: 'POST', headers, agent: false });
    sent.on('error', () => {});
    sent.end(JSON.stringify({ spec: { image: 'i' } }));
    const signal = await begun;
    sent.destroy();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(node.service.kernels.size).toBe(0);
  });
});
