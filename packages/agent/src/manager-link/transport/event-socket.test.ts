import { Pull } from 'zeromq';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '@berth/base';
import { freePorts } from '../../../../../scripts/services/ports.mjs';
import { silentLogger } from '../../ports/logger.js';
import { unpack } from './codec.js';
import { EventSocket } from './event-socket.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A manager's ear, on a port of 127.0.0.1. */
class Ear {
  readonly #socket: Pull;

  private constructor(socket: Pull) {
    this.#socket = socket;
  }

  /** Without a port on one that no outgoing connection takes while it is closed for a moment. */
  static async open(given?: number, receiveHighWaterMark = 1000): Promise<Ear> {
    const port = given ?? (await freePorts(1))[0]!;
    const socket = new Pull({ linger: 0, receiveHighWaterMark });
    closing.push(() => socket.close());
    await socket.bind(`tcp://127.0.0.1:${port}`);
    return new Ear(socket);
  }

  get address(): string {
    return this.#socket.lastEndpoint!;
  }

  get port(): number {
    return Number(this.address.split(':').at(-1));
  }

  async next(): Promise<{ name: string; instance: string; args: unknown }> {
    const [name, instance, args] = (await this.#socket.receive()) as [Buffer, Buffer, Buffer];
    return { name: name.toString(), instance: instance.toString(), args: unpack(args) };
  }

  async names(count: number): Promise<unknown[]> {
    const seen: unknown[] = [];
    while (seen.length < count) {
      const { name, args } = await this.next();
      seen.push([name, ...(args as unknown[])]);
    }
    return seen;
  }

  /** Resolves when the port is free for the next ear: ZeroMQ's own thread lets it go some time after the call. */
  async close(): Promise<void> {
    const freed = new Promise<void>((resolve) => this.#socket.events.on('close', () => resolve()));
    await this.#socket.unbind(this.address);
    await freed;
    this.#socket.close();
  }
}

/** An event socket, and word of each connection it makes. */
function speaker(): { events: EventSocket; connection: () => Promise<void> } {
  let made = 0;
  let asked = 0;
  let tell: (() => void) | undefined;
  const events = new EventSocket({
    instanceId: 'i-tëst',
    logger: silentLogger,
    onConnected: () => {
      made++;
      tell?.();
    },
  });
  closing.push(() => events.close());
  const connection = async () => {
    asked++;
    while (made < asked) await new Promise<void>((resolve) => (tell = resolve));
  };
  return { events, connection };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void systemClock.after(5, resolve));
}

const kept = { keep: true };
const fresh = { keep: false };

describe('event socket', () => {
  it('sends three frames: name, instance, arguments', async () => {
    const ear = await Ear.open();
    const { events } = speaker();
    events.moveTo(ear.address);
    events.send('kernel_terminated', ['k', 'user-requested', null], kept);
    expect(await ear.next()).toEqual({
      name: 'kernel_terminated',
      instance: 'i-tëst',
      args: ['k', 'user-requested', null],
    });
  });

  it('keeps kernel events and the latest heartbeat while there is no manager at all', async () => {
    const { events } = speaker();
    for (let n = 0; n < 500; n++) {
      events.send('kernel_terminated', [n], kept);
      events.send('instance_heartbeat', [n], fresh);
    }
    expect(events.waiting).toBe(501);
    const ear = await Ear.open();
    events.moveTo(ear.address);
    const seen = await ear.names(501);
    expect(seen.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, n) => ['kernel_terminated', n]));
    expect(seen[500]).toEqual(['instance_heartbeat', 499]);
  });

  it('waits for a manager that does not listen yet', async () => {
    const place = await Ear.open();
    const { address, port } = place;
    await place.close();
    const { events, connection } = speaker();
    events.moveTo(address);
    events.send('kernel_terminated', ['early'], kept);
    expect(events.connected).toBe(false);
    const ear = await Ear.open(port);
    await connection();
    expect(await ear.names(1)).toEqual([['kernel_terminated', 'early']]);
  });

  it('sends again, to a manager that comes back on its port, what it sent shortly before the break', async () => {
    const first = await Ear.open();
    const { port } = first;
    const { events, connection } = speaker();
    events.moveTo(first.address);
    await connection();
    events.send('kernel_terminated', ['before'], kept);
    events.send('instance_heartbeat', ['stale'], fresh);
    await first.names(2);
    await first.close();
    await until(() => !events.connected);
    events.send('kernel_terminated', ['during'], kept);
    const second = await Ear.open(port);
    await connection();
    events.send('kernel_terminated', ['after'], kept);
    expect(await second.names(3)).toEqual(['before', 'during', 'after'].map((word) => ['kernel_terminated', word]));
  });

  it('follows a manager to another port', async () => {
    const first = await Ear.open();
    const { events, connection } = speaker();
    events.moveTo(first.address);
    await connection();
    events.moveTo(null);
    expect(events.connected).toBe(false);
    events.send('kernel_terminated', ['between'], kept);
    const second = await Ear.open();
    events.moveTo(second.address);
    await connection();
    expect(await second.names(1)).toEqual([['kernel_terminated', 'between']]);
  });

  it('loses no kernel event when the manager goes in the middle of many', async () => {
    const first = await Ear.open();
    const { port } = first;
    const { events, connection } = speaker();
    events.moveTo(first.address);
    await connection();
    const told = new Set<unknown>();
    const reading = first.names(50).then((seen) => seen.forEach((event) => told.add((event as unknown[])[1])));
    for (let n = 0; n < 200; n++) events.send('kernel_terminated', [n], kept);
    await reading;
    await first.close();
    await until(() => !events.connected);
    const second = await Ear.open(port);
    await connection();
    while (told.size < 200) told.add(((await second.next()).args as unknown[])[0]);
    expect(events.waiting).toBe(0);
  });

  it('holds at most a few stale heartbeats for a manager that has stopped reading', async () => {
    const ear = await Ear.open(undefined, 1);
    const { events, connection } = speaker();
    events.moveTo(ear.address);
    await connection();
    const large = 'x'.repeat(1 << 20);
    let sent = 0;
    while (events.waiting === 0 && sent < 200) {
      events.send('instance_heartbeat', [sent++, large], fresh);
      await until(() => true);
      await new Promise<void>((resolve) => void systemClock.after(2, resolve));
    }
    expect(sent).toBeLessThan(100);
    for (let n = 0; n < 10; n++) events.send('instance_heartbeat', ['newest', n], fresh);
    expect(events.waiting).toBe(1);
    for (;;) {
      const { args } = await ear.next();
      if ((args as unknown[])[0] === 'newest') return expect((args as unknown[])[1]).toBe(9);
    }
  });

  it('takes an address that is none as nowhere, and the next one as ever', async () => {
    const { events } = speaker();
    for (const wrong of ['', 'tcp://*:5002', 'ipc:///etc/passwd', 'tcp://host', 'tcp://127.0.0.1:99999', 'tcp://a b:1'])
      events.moveTo(wrong);
    events.send('kernel_terminated', ['patient'], kept);
    const ear = await Ear.open();
    events.moveTo(ear.address);
    expect(await ear.names(1)).toEqual([['kernel_terminated', 'patient']]);
  });

  it('sends what waits when it is closed', async () => {
    const ear = await Ear.open();
    const { events, connection } = speaker();
    events.moveTo(ear.address);
    await connection();
    for (let n = 0; n < 100; n++) events.send('kernel_terminated', [n], kept);
    events.send('instance_terminated', ['shutdown'], kept);
    await events.close();
    expect((await ear.names(101)).at(-1)).toEqual(['instance_terminated', 'shutdown']);
  });

  it('closes at once when nobody listens', async () => {
    const { events } = speaker();
    events.moveTo('tcp://127.0.0.1:1');
    events.send('instance_terminated', ['shutdown'], kept);
    const before = systemClock.monotonic();
    await events.close();
    await events.close();
    expect(systemClock.monotonic() - before).toBeLessThan(1000);
  });
});
