/** Events and terminals before pyzmq, with independent msgpack and snappy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Publisher, Subscriber } from 'zeromq';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import { compressRaw, Float, pack } from '../../packages/agent/src/manager-link/transport/codec.js';
import { EventSocket } from '../../packages/agent/src/manager-link/transport/event-socket.js';
import { ManagerSide, type Listening, type ManagerEvent } from '../support/python.js';
import { describeWithPython } from '../support/services.js';

/** As it ships: a process of its own cannot read the sources. */
const BUILT = new URL('../../packages/agent/dist/manager-link/transport/event-socket.js', import.meta.url).href;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const kept = { keep: true };
const fresh = { keep: false };

async function next<T>({ events }: Listening<T>): Promise<T> {
  const { value, done } = await events[Symbol.asyncIterator]().next();
  if (done) throw new Error('nothing more comes');
  return value;
}

describeWithPython('Events before a genuine PULL socket', (python) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function manager(): Promise<ManagerSide> {
    const side = await ManagerSide.start(python);
    closing.push(() => side.stop());
    return side;
  }

  function events(onConnected = () => {}): EventSocket {
    const socket = new EventSocket({ instanceId: 'i-10.0.0.1', logger: silent, onConnected });
    closing.push(() => socket.close());
    return socket;
  }

  it('are three frames that Python reads: a heartbeat with its types and its image list', async () => {
    const side = await manager();
    const listening = await side.listen();
    const socket = events();
    socket.moveTo(listening.address);
    const images = [
      ['python:3.6-debian', `sha256:${'0'.repeat(64)}`],
      ['r-base:latest', `sha256:${'1'.repeat(64)}`],
    ] as const;
    const info = {
      ip: '10.0.0.1',
      region: 'local/unknown',
      addr: 'tcp://10.0.0.1:6001',
      mem_slots: 2 ** 33,
      cpu_slots: 4,
      gpu_slots: '0.0',
      load: new Float(2),
      images: compressRaw(pack(images)),
    };
    socket.send('instance_heartbeat', [info], fresh);
    const event = await next(listening);
    expect(event).toMatchObject({ name: 'instance_heartbeat', instance: 'i-10.0.0.1', images });
    expect(event.args[0]).toMatchObject({ ip: '10.0.0.1', mem_slots: 2 ** 33, cpu_slots: 4, gpu_slots: '0.0', load: 2 });
    expect(event.kinds).toEqual({
      ...{ ip: 'str', region: 'str', addr: 'str', mem_slots: 'int', cpu_slots: 'int', gpu_slots: 'str' },
      ...{ load: 'float', images: 'bytes' },
    });
  });

  it('outlive a manager that is killed and comes back on its port', async () => {
    const first = await manager();
    const { address, port, ...listening } = await first.listen();
    let connections = 0;
    const socket = events(() => connections++);
    socket.moveTo(address);
    socket.send('kernel_terminated', ['one', 'user-requested', null], kept);
    expect((await next(listening)).args[0]).toBe('one');
    await first.kill();
    while (socket.connected) await new Promise<void>((resolve) => void systemClock.after(5, resolve));
    socket.send('kernel_terminated', ['two', 'idle-timeout', { cpu_used: 1 }], kept);
    const again = await (await manager()).listen(port);
    const seen: ManagerEvent[] = [];
    while (seen.at(-1)?.args[0] !== 'two') seen.push(await next(again));
    // What was sent shortly before the end comes once more: the manager takes it as nothing new.
    expect(seen.map(({ args }) => args[0])).toEqual(['one', 'two']);
    expect(seen.at(-1)!.args).toEqual(['two', 'idle-timeout', { cpu_used: 1 }]);
    expect(connections).toBe(2);
  });

  it('follow a manager that moves, the latest heartbeat with them', async () => {
    const side = await manager();
    const socket = events();
    for (let n = 0; n < 5; n++) socket.send('instance_heartbeat', [{ n }], fresh);
    socket.send('kernel_creating', ['k'], kept);
    for (let round = 0; round < 3; round++) {
      const listening = await side.listen();
      socket.moveTo(listening.address);
      if (round === 0) expect((await next(listening)).args).toEqual([{ n: 4 }]);
      expect((await next(listening)).args).toEqual(['k']);
      await listening.close();
    }
  });

  it('leave a process that ends right after the last one', async () => {
    const side = await manager();
    const listening = await side.listen();
    const program = `
      const { EventSocket } = await import(${JSON.stringify(BUILT)});
      const say = () => {};
      const logger = { debug: say, info: say, warn: say, error: say };
      const events = await new Promise((resolve) => {
        const socket = new EventSocket({ instanceId: 'i', logger, onConnected: () => resolve(socket) });
        socket.moveTo(${JSON.stringify(listening.address)});
      });
      events.send('instance_terminated', ['shutdown'], { keep: true });
      await events.close();
      process.exit(0);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    await once(child, 'close');
    expect(await next(listening)).toMatchObject({ name: 'instance_terminated', instance: 'i', args: ['shutdown'] });
  });
});

describeWithPython('The manager side of a terminal', (python) => {
  it('sends to the first port and gets what the second one publishes', async () => {
    const stdin = new Subscriber({ linger: 0 });
    const stdout = new Publisher({ linger: 0 });
    const side = await ManagerSide.start(python);
    try {
      stdin.subscribe();
      await stdin.bind('tcp://127.0.0.1:*');
      await stdout.bind('tcp://127.0.0.1:*');
      const terminal = await side.terminal(stdin.lastEndpoint!, stdout.lastEndpoint!);
      const heard = stdin.receive();
      const ended = { heard: false, seen: false };
      void heard.then(() => (ended.heard = true));
      const seen = next(terminal).finally(() => (ended.seen = true));
      // Who publishes before the other side has subscribed is not heard.
      while (!ended.heard || !ended.seen) {
        await terminal.send(Buffer.from('ls\n'));
        await stdout.send([Buffer.from([0x1b, 0xff])]);
        await new Promise<void>((resolve) => void systemClock.after(20, resolve));
      }
      expect([await heard, await seen]).toEqual([[Buffer.from('ls\n')], [Buffer.from([0x1b, 0xff])]]);
      await terminal.close();
    } finally {
      await side.stop();
      stdin.close();
      stdout.close();
    }
  });
});
