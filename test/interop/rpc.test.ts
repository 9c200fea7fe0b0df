/** The RPC port before the genuine client library of the manager. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import { BerthError } from '@berth/wire';
import { Float, pack, type Packable } from '../../packages/agent/src/manager-link/transport/codec.js';
import { type ParameterList } from '../../packages/agent/src/manager-link/transport/parameters.js';
import { RpcError } from '../../packages/agent/src/manager-link/transport/rpc-error.js';
import { withDelivery, type RpcMethods } from '../../packages/agent/src/manager-link/transport/rpc-method.js';
import { RpcServer, type RpcServerOptions } from '../../packages/agent/src/manager-link/transport/rpc-server.js';
import { createZapGate } from '../../packages/agent/src/manager-link/transport/zap-gate.js';
import { ManagerSide, type Ending } from '../support/python.js';
import { describeWithPython } from '../support/services.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const text: ParameterList = [{ name: 'msg', kind: 'str' }];
const anything: ParameterList = [{ name: 'value', kind: 'any' }];
const nothing: ParameterList = [];

const delivered: boolean[] = [];
let open: () => void = () => {};

const METHODS: RpcMethods = {
  ping: { parameters: text, call: ({ msg }) => msg! },
  echo: { parameters: anything, call: ({ value }) => value as Packable },
  size: { parameters: [{ name: 'data', kind: 'bytes' }], call: ({ data }) => (data as Buffer).length },
  wait: { parameters: nothing, call: () => new Promise<Packable>((resolve) => (open = () => resolve('late'))) },
  late: {
    parameters: [{ name: 'ms', kind: 'int' }],
    call: ({ ms }) => new Promise<Packable>((resolve) => void systemClock.after(ms as number, () => resolve(ms as number))),
  },
  polled: {
    parameters: nothing,
    call: async (_, context) => {
      await METHODS['wait']!.call({}, context);
      return withDelivery('output', (was) => delivered.push(was));
    },
  },
  execute: {
    parameters: [
      { name: 'api_version', kind: 'int' },
      { name: 'run_id', kind: 'str', nullable: true },
      { name: 'opts', kind: 'dict', optional: true },
    ],
    call: (args) => ({ ...args }) as Packable,
  },
  results: {
    parameters: nothing,
    call: () => ({
      int: 2 ** 40,
      float: new Float(2),
      half: 0.5,
      nil: null,
      yes: true,
      text: 'é',
      bytes: Buffer.from([0, 255]),
      list: [1],
    }),
  },
  fail: {
    parameters: text,
    call: ({ msg }) => {
      if (msg === 'internal') throw new Error('a defect');
      if (msg === 'berth') throw new BerthError('image-not-found', 'No image x.', { fix: 'Pull it.' });
      throw new RpcError(`builtins.${msg as string}` as 'builtins.KeyError', "it's", 1);
    },
  },
};

describeWithPython('RPC before the genuine aiozmq', (python) => {
  let side: ManagerSide;
  let server: RpcServer;
  let genuine: { readonly address: string };
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    side = await ManagerSide.start(python);
    genuine = await side.genuineServer();
    server = await serve({});
  });
  afterAll(async () => {
    await side.stop();
    await server.stop();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function serve({ allow = [], ...more }: Partial<RpcServerOptions> & { allow?: string[] }): Promise<RpcServer> {
    const gate = await createZapGate({ allow, logger: silent });
    const made = new RpcServer({ bind: 'tcp://127.0.0.1:0', gate, methods: METHODS, logger: silent, ...more });
    await made.start();
    return made;
  }

  const call = (method: string, ...args: unknown[]): Promise<Ending> => side.call(server.address, method, { args });
  const expectPing = async (address = server.address) =>
    expect(await side.call(address, 'ping', { args: ['again'] })).toEqual({ value: 'again', kind: 'str' });

  it.each<[what: string, value: unknown, kind: string]>([
    ['text', 'naïve 東 🎉', 'str'],
    ['no text', '', 'str'],
    ['bytes', Buffer.from([0, 1, 0xff]), 'bytes'],
    ['a large integer', 2 ** 40, 'int'],
    ['a negative integer', -129, 'int'],
    ['a float', 0.25, 'float'],
    ['nothing', null, 'NoneType'],
    ['true', true, 'bool'],
    ['a list', [1, ['a', null], { b: 'c' }], 'tuple'],
    ['a map', { a: { b: [1] }, é: '' }, 'dict'],
  ])('takes and gives back %s', async (_, value, kind) => {
    expect(await call('echo', value)).toEqual({ value, kind });
  });

  it('takes and gives back 20 MiB of bytes', async () => {
    const bytes = randomBytes(20 << 20);
    const { value, kind } = await call('echo', bytes);
    expect([kind, bytes.equals(value as Buffer)]).toEqual(['bytes', true]);
  });

  it('gives integers as integers, floats as floats, bytes as bytes', async () => {
    const seen = await side.call(server.address, 'results');
    expect(seen).toEqual({
      value: { int: 2 ** 40, float: 2, half: 0.5, nil: null, yes: true, text: 'é', bytes: Buffer.from([0, 255]), list: [1] },
      kind: 'dict',
    });
  });

  it('takes arguments by name, and leaves out what is optional', async () => {
    const kwargs = { api_version: 4, run_id: null, opts: { env: {} } };
    expect(await side.call(server.address, 'execute', { kwargs })).toEqual({ value: kwargs, kind: 'dict' });
    expect(await side.call(server.address, 'execute', { args: [4], kwargs: { run_id: 'r' } })).toEqual({
      value: { api_version: 4, run_id: 'r' },
      kind: 'dict',
    });
  });

  it.each<[what: string, method: string, args: unknown[], kwargs: Record<string, unknown>, type: string]>([
    ['an unknown method', 'nope', [], {}, 'aiozmq.rpc.base.NotFoundError'],
    ['a method with dots', 'a.b', [], {}, 'aiozmq.rpc.base.NotFoundError'],
    ['a name of what every object has', 'constructor', [], {}, 'aiozmq.rpc.base.NotFoundError'],
    ['no argument', 'ping', [], {}, 'aiozmq.rpc.base.ParametersError'],
    ['too many arguments', 'ping', ['a', 'b'], {}, 'aiozmq.rpc.base.ParametersError'],
    ['a strange keyword', 'ping', ['a'], { x: 1 }, 'aiozmq.rpc.base.ParametersError'],
    ['an argument twice', 'ping', ['a'], { msg: 1 }, 'aiozmq.rpc.base.ParametersError'],
    ['a RuntimeError', 'fail', ['RuntimeError'], {}, 'builtins.RuntimeError'],
    ['an AssertionError', 'fail', ['AssertionError'], {}, 'builtins.AssertionError'],
    ['a FileNotFoundError', 'fail', ['FileNotFoundError'], {}, 'builtins.FileNotFoundError'],
    ['a KeyError', 'fail', ['KeyError'], {}, 'builtins.KeyError'],
    ['a ValueError', 'fail', ['ValueError'], {}, 'builtins.ValueError'],
  ])('lets Python see %s as a server of the genuine library does', async (_, method, args, kwargs, type) => {
    const seen = (address: string) => side.call(address, method, { args, kwargs });
    const { error } = await seen(server.address);
    expect(error).toMatchObject({ type });
    expect(error).toEqual((await seen(genuine.address)).error);
  });

  it('raises a RuntimeError for errors of the closed list and for defects', async () => {
    expect((await call('fail', 'berth')).error).toMatchObject({ type: 'builtins.RuntimeError', args: ['No image x. Pull it.'] });
    expect((await call('fail', 'internal')).error).toMatchObject({ type: 'builtins.RuntimeError', args: ['a defect'] });
  });

  it('answers a hundred calls at once, each its own, in the order in which they are done', async () => {
    const calls = Array.from({ length: 100 }, (_, index) => [(100 - index) * 5]);
    const ended = await side.parallel(server.address, 'late', calls);
    expect(ended.map(({ index, value }) => [index, value]).sort(([a], [b]) => Number(a) - Number(b))).toEqual(
      calls.map(([ms], index) => [index, ms]),
    );
    expect(ended[0]!.index).toBeGreaterThan(50);
    expect(ended.at(-1)!.index).toBeLessThan(50);
  });

  it('answers a hundred pings at once', async () => {
    const ended = await side.parallel(
      server.address,
      'ping',
      Array.from({ length: 100 }, (_, index) => [String(index)]),
    );
    expect(ended).toHaveLength(100);
    for (const { index, value } of ended) expect(value).toBe(String(index));
  });

  it('answers many calls on one connection', async () => {
    const connection = await side.open(server.address);
    for (let n = 0; n < 50; n++) expect((await connection.call('ping', { args: [String(n)] })).value).toBe(String(n));
    await connection.close();
  });

  it('answers five hundred connections, one call each', async () => {
    expect(await side.churn(server.address, 'ping', ['x'], 500)).toBe(500);
  });

  it('drops malformed frames without a reply, and answers the next call', async () => {
    const header = Buffer.alloc(16);
    const name = Buffer.from('ping');
    const none = pack({});
    const pickledDate = Buffer.concat([Buffer.from('91c7047f', 'hex'), Buffer.from('\x80\x04N.', 'latin1')]);
    const malformed: [kind: string, frames: Buffer[]][] = [
      ['frame-count', [header]],
      ['frame-count', [header, name, pack(['x'])]],
      ['header', [header, name, pack(['x']), none, none]],
      ['header', [Buffer.alloc(15), name, pack(['x']), none]],
      ['method', [header, Buffer.from([0xff, 0xfe]), pack(['x']), none]],
      ['arguments', [header, name, Buffer.from([0xc1]), none]],
      ['arguments', [header, name, Buffer.alloc(0), none]],
      ['arguments', [header, name, pickledDate, none]],
      ['arguments', [header, name, pack('x'), none]],
      ['arguments', [header, name, pack(['x']), pack([])]],
      ['arguments', [header, name, Buffer.from('91'.repeat(100) + 'c0', 'hex'), none]],
      ['arguments', [header, name, Buffer.from('ddffffffff', 'hex'), none]],
    ];
    for (const [kind, frames] of malformed) {
      const before = server.counters.dropped[kind] ?? 0;
      expect(await side.raw(server.address, frames, 0.1)).toBe(null);
      expect(server.counters.dropped[kind]).toBe(before + 1);
      await expectPing();
    }
  });

  it('cuts off who sends more than is taken, and answers others', async () => {
    const small = await serve({ limits: { messageBytes: 100_000 } });
    closing.push(() => small.stop());
    const { error } = await side.call(small.address, 'size', { args: [Buffer.alloc(200_000)], timeout: 0.5 });
    expect(error?.type).toBe('builtins.TimeoutError');
    await expectPing(small.address);
    expect((await side.call(small.address, 'size', { args: [Buffer.alloc(90_000)] })).value).toBe(90_000);
  });

  it('tells a method that its caller gave up before the reply', async () => {
    for (let n = 0; !delivered.includes(false); n++) {
      const given = await side.call(server.address, 'polled', { timeout: 0.1 });
      expect(given.error?.type).toBe('builtins.TimeoutError');
      // Nothing tells when ZeroMQ has seen the end of a connection: it gets a little longer each time.
      await new Promise<void>((resolve) => void systemClock.after(n * 10, resolve));
      const before = delivered.length;
      open();
      while (delivered.length === before) await new Promise(setImmediate);
    }
    await expectPing();
  });

  it('holds up nobody for a caller that reads no replies', async () => {
    const strict = await serve({ limits: { holdMs: 300 } });
    closing.push(() => strict.stop());
    const header = Buffer.alloc(16);
    const frames = [header, Buffer.from('echo'), pack([Buffer.alloc(100_000)]), pack({})];
    const flood = await side.flood(strict.address, frames, 600);
    for (let n = 0; n < 20; n++) await expectPing(strict.address);
    while (strict.counters.undelivered === 0) await new Promise<void>((resolve) => void systemClock.after(20, resolve));
    await expectPing(strict.address);
    await flood.close();
  });

  it('answers only who is allowed', async () => {
    const strict = await serve({ allow: ['127.0.0.2/32'] });
    closing.push(() => strict.stop());
    const port = strict.address.split(':').at(-1);
    const from = (source: string) => `tcp://${source}:0;127.0.0.1:${port}`;
    expect((await side.call(from('127.0.0.1'), 'ping', { args: ['x'], timeout: 0.5 })).error?.type).toBe('builtins.TimeoutError');
    expect(strict.counters.calls).toBe(0);
    await expectPing(from('127.0.0.2'));
    expect(strict.counters.calls).toBe(1);
  });
});
