import { connect } from 'node:net';
import { Dealer } from 'zeromq';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import { silentLogger } from '../../ports/logger.js';
import { pack, unpack, type Packable } from './codec.js';
import { RpcError } from './rpc-error.js';
import { withDelivery, type RpcMethods } from './rpc-method.js';
import { type RpcLimits } from './rpc-limits.js';
import { RpcServer } from './rpc-server.js';
import { createZapGate } from './zap-gate.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(methods: RpcMethods, more: { limits?: Partial<RpcLimits>; bind?: string } = {}): Promise<RpcServer> {
  const gate = await createZapGate({ allow: [], logger: silentLogger });
  const { limits = {}, bind = 'tcp://127.0.0.1:0' } = more;
  const server = new RpcServer({ bind, gate, logger: silentLogger, methods, limits });
  closing.push(() => server.stop());
  await server.start();
  return server;
}

interface Answer {
  readonly id: number;
  readonly isError: boolean;
  readonly body: unknown;
}

/** A caller that makes its frames by hand. */
class Caller {
  readonly #socket = new Dealer({ linger: 0 });
  #id = 0;

  constructor({ address }: RpcServer) {
    closing.push(() => this.#socket.close());
    this.#socket.connect(address);
  }

  async send(method: string, ...args: Packable[]): Promise<number> {
    const id = ++this.#id;
    const header = Buffer.alloc(16);
    header.writeUInt32LE(id, 4);
    await this.#socket.send([header, method, pack(args), pack({})]);
    return id;
  }

  async sendRaw(...frames: Buffer[]): Promise<void> {
    await this.#socket.send(frames);
  }

  async receive(): Promise<Answer> {
    const frames = await this.#socket.receive();
    expect(frames).toHaveLength(2);
    const [header, body] = frames as [Buffer, Buffer];
    expect(header).toHaveLength(17);
    return { id: header.readUInt32LE(4), isError: header[16] === 1, body: unpack(body) };
  }

  async call(method: string, ...args: Packable[]): Promise<Answer> {
    await this.send(method, ...args);
    return this.receive();
  }

  close(): void {
    this.#socket.close();
  }
}

const ping = { parameters: [{ name: 'msg', kind: 'str' }], call: ({ msg }: { msg?: unknown }) => msg as Packable } as const;

/** A method that does not end until it is told to, and how many calls of it are under way. */
function gated() {
  const doors: (() => void)[] = [];
  const open = () => doors.splice(0).forEach((door) => door());
  const wait = { parameters: [], call: () => new Promise<Packable>((resolve) => doors.push(() => resolve('done'))) } as const;
  return { wait, open, doors };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void systemClock.after(2, resolve));
}

describe('RPC server', () => {
  it('answers, and echoes the id', async () => {
    const caller = new Caller(await serve({ ping }));
    expect(await caller.call('ping', 'a')).toEqual({ id: 1, isError: false, body: 'a' });
    expect(await caller.call('ping', 'b')).toEqual({ id: 2, isError: false, body: 'b' });
  });

  it('answers quick calls while a slow one is under way', async () => {
    const { wait, open } = gated();
    const caller = new Caller(await serve({ ping, wait }));
    await caller.send('wait');
    expect(await caller.call('ping', 'quick')).toMatchObject({ id: 2, body: 'quick' });
    open();
    expect(await caller.receive()).toMatchObject({ id: 1, body: 'done' });
  });

  it('answers nil for a method that returns nothing', async () => {
    const caller = new Caller(await serve({ reset: { parameters: [], call: () => {} } }));
    expect((await caller.call('reset')).body).toBe(null);
  });

  it('finds no methods that every object has', async () => {
    const caller = new Caller(await serve({ ping }));
    for (const name of ['toString', 'constructor', '__proto__', ''])
      expect((await caller.call(name)).body).toEqual(['aiozmq.rpc.base.NotFoundError', [name], `NotFoundError('${name}')`]);
  });

  it('takes a second list of parameters where the first does not fit', async () => {
    const short = [{ name: 'text', kind: 'str' }] as const;
    const long = [{ name: 'mode', kind: 'str' }, ...short] as const;
    const complete = { parameters: short, alternatives: [long], call: (args: object) => ({ ...args }) as Packable };
    const caller = new Caller(await serve({ complete }));
    expect({ ...((await caller.call('complete', 't')).body as object) }).toEqual({ text: 't' });
    expect({ ...((await caller.call('complete', 'm', 't')).body as object) }).toEqual({ mode: 'm', text: 't' });
    expect((await caller.call('complete', 1, 2, 3)).body).toMatchObject({
      1: [`TypeError('too many positional arguments')`],
    });
  });

  it('answers by an error when the result cannot be written', async () => {
    let delivered: boolean | undefined;
    const broken = () => withDelivery(new Date() as unknown as Packable, (was) => (delivered = was));
    const caller = new Caller(await serve({ broken: { parameters: [], call: broken } }));
    expect(await caller.call('broken')).toMatchObject({ isError: true, body: { 0: 'builtins.RuntimeError' } });
    expect(delivered).toBe(false);
  });

  it('answers by an error that can be told when its arguments cannot be written', async () => {
    const call = () => {
      throw new RpcError('builtins.ValueError', 2n ** 70n);
    };
    const caller = new Caller(await serve({ huge: { parameters: [], call } }));
    expect((await caller.call('huge')).body).toMatchObject({ 0: 'builtins.RuntimeError', 1: ['1180591620717411303424'] });
  });

  it('refuses calls beyond its limit, and takes them again when there is room', async () => {
    const { wait, open, doors } = gated();
    const caller = new Caller(await serve({ wait, ping }, { limits: { callsInFlight: 2 } }));
    await caller.send('wait');
    await caller.send('wait');
    expect((await caller.call('ping', 'x')).body).toMatchObject({ 0: 'builtins.RuntimeError', 1: ['too many calls at once'] });
    expect(doors).toHaveLength(2);
    open();
    await caller.receive();
    await caller.receive();
    expect((await caller.call('ping', 'x')).body).toBe('x');
  });

  it('refuses calls while too many bytes are under way', async () => {
    const { wait, open } = gated();
    const hold = { ...wait, parameters: [{ name: 'data', kind: 'bytes' }] as const };
    const caller = new Caller(await serve({ hold, ping }, { limits: { bytesInFlight: 1000 } }));
    await caller.send('hold', Buffer.alloc(2000));
    expect((await caller.call('ping', 'x')).body).toMatchObject({ 1: ['too many calls at once'] });
    open();
    await caller.receive();
    expect((await caller.call('ping', 'x')).body).toBe('x');
  });

  it('counts malformed requests by kind, and lives on', async () => {
    const server = await serve({ ping }, { limits: { messageBytes: 1000 } });
    const caller = new Caller(server);
    const header = Buffer.alloc(16);
    const name = Buffer.from('ping');
    await caller.sendRaw(Buffer.alloc(1));
    await caller.sendRaw(Buffer.alloc(3), name, pack(['x']), pack({}));
    await caller.sendRaw(header, name, Buffer.from([0xc1]), pack({}));
    await caller.sendRaw(header, Buffer.from([0xff]), pack(['x']), pack({}));
    await caller.sendRaw(header, name, pack([Buffer.alloc(900)]), pack({ x: Buffer.alloc(900) }));
    expect((await caller.call('ping', 'x')).body).toBe('x');
    expect(server.counters.dropped).toEqual({ 'frame-count': 1, header: 1, arguments: 1, method: 1, oversized: 1 });
  });

  it('lives on after connections that speak something else, or nothing', async () => {
    const server = await serve({ ping });
    const port = Number(server.address.split(':').at(-1));
    const strangers = ['GET / HTTP/1.1\r\n\r\n', '', '\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f', '\x16\x03\x01'.repeat(1000)];
    const sockets = Array.from({ length: 100 }, (_, index) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(Buffer.from(strangers[index % strangers.length]!, 'latin1'));
      return socket;
    });
    closing.push(() => sockets.forEach((socket) => socket.destroy()));
    const caller = new Caller(server);
    for (let n = 0; n < 10; n++) expect((await caller.call('ping', 'x')).body).toBe('x');
    sockets.forEach((socket) => socket.destroy());
    expect((await new Caller(server).call('ping', 'y')).body).toBe('y');
  });

  it('is not in use twice, and says so', async () => {
    const { address } = await serve({ ping });
    await expect(serve({ ping }, { bind: address })).rejects.toMatchObject({ code: 'port-in-use' });
  });

  it.each(['tcp://192.0.2.1:6001', 'tcp://127.0.0.1:99999', 'tcp://nonsense', 'what'])(
    'does not listen on %s, and says so',
    async (bind) => {
      await expect(serve({ ping }, { bind })).rejects.toMatchObject({ code: 'bad-config' });
    },
  );

  it('listens on all addresses, or on one', async () => {
    for (const [bind, at] of [
      ['tcp://*:0', '127.0.0.1'],
      ['tcp://127.0.0.1:0', '127.0.0.1'],
    ] as const) {
      const server = await serve({ ping }, { bind });
      const port = server.address.split(':').at(-1);
      const caller = new Caller({ address: `tcp://${at}:${port}` } as RpcServer);
      expect((await caller.call('ping', bind)).body).toBe(bind);
    }
  });
});

describe('delivery', () => {
  it('is told of a reply that was handed to its caller, once', async () => {
    const told: boolean[] = [];
    const call = () => withDelivery('r', (delivered) => told.push(delivered));
    const caller = new Caller(await serve({ poll: { parameters: [], call } }));
    expect((await caller.call('poll')).body).toBe('r');
    expect(told).toEqual([true]);
  });

  it('fails when the caller has gone before the reply', async () => {
    const told: boolean[] = [];
    const { wait, open, doors } = gated();
    const poll = { parameters: [], call: async () => withDelivery(await wait.call(), (delivered) => told.push(delivered)) };
    const server = await serve({ poll });
    // Nothing tells when ZeroMQ has seen the end of a connection: it gets a little longer each time.
    for (let ms = 0; !told.includes(false); ms += 5) {
      const caller = new Caller(server);
      await caller.send('poll');
      await until(() => doors.length > 0);
      caller.close();
      await new Promise<void>((resolve) => void systemClock.after(ms, resolve));
      const before = told.length;
      open();
      await until(() => told.length > before);
    }
    expect(server.counters.undelivered).toBe(1);
  });

  it('outlives a listener that throws', async () => {
    const call = () =>
      withDelivery('r', () => {
        throw new Error('no');
      });
    const caller = new Caller(await serve({ poll: { parameters: [], call } }));
    expect((await caller.call('poll')).body).toBe('r');
    expect((await caller.call('poll')).body).toBe('r');
  });
});

describe('stopping', () => {
  it('aborts calls under way and sends what they still answer', async () => {
    const call = (_: object, { signal }: { signal: AbortSignal }) =>
      new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('cut short')));
    const server = await serve({ long: { parameters: [], call }, ping });
    const caller = new Caller(server);
    await caller.call('ping', 'x');
    await caller.send('long');
    await caller.call('ping', 'x');
    await server.stop();
    expect(await caller.receive()).toMatchObject({ id: 2, body: 'cut short' });
  });

  it('does not wait for long for a call that ignores it', async () => {
    const { wait, doors } = gated();
    const server = await serve({ wait }, { limits: { stopMs: 50 } });
    const caller = new Caller(server);
    await caller.send('wait');
    await until(() => doors.length > 0);
    await server.stop();
    await server.stop();
    expect(() => server.address).toThrow();
  });

  it('frees its port', async () => {
    const server = await serve({ ping });
    const { address } = server;
    await server.stop();
    // ZeroMQ lets go of the port in the background.
    for (;;) {
      const again = await serve({ ping }, { bind: address }).catch(() => undefined);
      if (again) return expect(again.address).toBe(address);
    }
  });
});
