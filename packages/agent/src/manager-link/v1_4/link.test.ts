/** The link with a coordinator and a store in memory; its sockets are real, on loopback. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pull } from 'zeromq';
import { systemClock } from '@berth/base';
import { completeKernelSpec, type KernelId, type SessionId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCoordinator } from '../../../testing/fake-coordinator.js';
import { FakeKernelService } from '../../../testing/fake-kernel-service.js';
import { FakeStatisticsStore } from '../../../testing/fake-statistics-store.js';
import type { Logger } from '../../ports/logger.js';
import { unpack } from '../transport/codec.js';
import { createZapGate } from '../transport/zap-gate.js';
import { ManagerLink } from './link.js';
import { toAnnotations } from './notes.js';
import { NoticeStore } from './notice-store.js';

const K1 = 'k1' as KernelId;
const SPEC = completeKernelSpec({
  image: 'fake',
  annotations: toAnnotations({
    lang: 'python:3',
    shares: { cpu: '1', mem: '1', gpu: '0' },
    execTimeoutSeconds: 0,
    terminal: null,
  }),
});

let directory: string;
let coordinator: FakeCoordinator;
let store: FakeStatisticsStore;
let service: FakeKernelService;
let notices: NoticeStore;
let link: ManagerLink;
let said: string[];
let closers: (() => unknown)[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'link-'));
  coordinator = new FakeCoordinator();
  store = new FakeStatisticsStore();
  service = new FakeKernelService();
  notices = await NoticeStore.open(directory);
  said = [];
  closers = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const logger: Logger = { debug() {}, info: say, warn: say, error: say };
  link = new ManagerLink({
    instanceId: 'i-1',
    host: '10.0.0.1',
    heartbeat: () => ({
      port: 6001,
      region: 'local/unknown',
      memoryBytes: 2 ** 30,
      cores: 2,
      images: [{ name: 'python:3', imageId: 'x' }],
    }),
    bind: 'tcp://127.0.0.1:0',
    gate: await createZapGate({ allow: [], logger }),
    service,
    coordinator,
    openStatisticsStore: () => store,
    notices,
    clock: systemClock,
    logger,
  });
  const kernels = { all: () => service.listKernels() };
  const terminals = { adopt: async () => {}, end() {}, close: async () => {} };
  await link.start({ kernels: kernels as never, terminals: terminals as never, methods: {} });
});
afterEach(async () => {
  await link.stop();
  await coordinator.close();
  for (const close of closers) close();
  await rm(directory, { recursive: true, force: true });
});

/** A manager's PULL socket, and what has come so far. */
async function listen(port = 0): Promise<{ port: number; next: (name: string) => Promise<readonly unknown[]> }> {
  const socket = new Pull({ linger: 0 });
  await socket.bind(`tcp://127.0.0.1:${port}`);
  closers.push(() => socket.close());
  return {
    port: Number(socket.lastEndpoint!.split(':').at(-1)),
    async next(name) {
      for await (const [event, instance, args] of socket) {
        expect(instance!.toString()).toBe('i-1');
        if (event!.toString() === name) return unpack(args!) as readonly unknown[];
      }
      throw new Error('closed');
    },
  };
}

const announce = async (port: number): Promise<void> => {
  await coordinator.put({ 'nodes/manager/event_addr': `127.0.0.1:${port}`, 'nodes/redis': '127.0.0.1:1', 'nodes/manager': 'm' });
};
const registered = async () => new Map((await coordinator.list('nodes/agents/')).map(({ key, value }) => [key, value]));

describe('the link to a manager', () => {
  it('is starting until there is one, and then running, with its address', async () => {
    expect(await registered()).toEqual(new Map([['nodes/agents/i-1', 'starting']]));
    const manager = await listen();
    await announce(manager.port);
    await manager.next('instance_started');
    expect(await registered()).toEqual(
      new Map([
        ['nodes/agents/i-1', 'running'],
        ['nodes/agents/i-1/ip', '10.0.0.1'],
      ]),
    );
  });

  it('tells what the node is, in whole numbers and with the exact number of arguments', async () => {
    const manager = await listen();
    await announce(manager.port);
    const [info, ...more] = await manager.next('instance_heartbeat');
    expect(more).toEqual([]);
    expect(info).toEqual({
      ip: '10.0.0.1',
      region: 'local/unknown',
      addr: 'tcp://10.0.0.1:6001',
      mem_slots: 1024,
      cpu_slots: 2,
      gpu_slots: '0.0',
      images: expect.any(Buffer) as Buffer,
    });
  });

  it('goes on at another address when the manager moves (D6)', async () => {
    const first = await listen();
    await announce(first.port);
    await first.next('instance_started');
    const second = await listen();
    await coordinator.put({ 'nodes/manager/event_addr': `127.0.0.1:${second.port}` });
    await second.next('instance_heartbeat');
  });

  it('survives an address that is none, and says so', async () => {
    await coordinator.put({ 'nodes/manager/event_addr': 'nonsense', 'nodes/redis': 'x', 'nodes/manager': 'm' });
    const manager = await listen();
    await announce(manager.port);
    await manager.next('instance_heartbeat');
    expect(said).toContain('the manager gave an address for events that is none');
  });

  it('says when the root of folders is set where a guide says and nobody reads', async () => {
    await coordinator.put({ 'volumes/_vfroot': '/x' });
    await coordinator.put({ 'volumes/_mount': '/y' });
    while (link.folderRoot !== '/y') await new Promise((resolve) => setImmediate(resolve));
    expect(said.filter((line) => line.includes('set volumes/_mount'))).toHaveLength(1);
  });

  it('tells of a kernel that ended before there was a manager, once there is one', async () => {
    await notices.keep({ kernelId: K1, reason: 'oom', statistics: null, at: Date.now() });
    const manager = await listen();
    await announce(manager.port);
    expect(await manager.next('kernel_terminated')).toEqual([K1, 'oom', null]);
  });

  it('writes statistics where the manager looks', async () => {
    await service.createKernel({ kernelId: K1, sessionId: 'k1' as SessionId, spec: SPEC });
    service.samples.set(K1, { at: 1, final: null, cpuNs: 7e6 } as never);
    await announce((await listen()).port);
    while (!store.hashes.has(K1)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(store.hashes.get(K1)!.get('cpu_used')).toBe('7');
  });

  it('says of each service that it needs how it is', async () => {
    const states = () => Object.fromEntries(link.states().map(({ name, ok, detail }) => [name, ok || detail]));
    expect(states()).toEqual({
      etcd: true,
      redis: 'nodes/redis in etcd does not say where it is',
      manager: 'no manager has announced itself in etcd',
    });
    const manager = await listen();
    await announce(manager.port);
    await manager.next('instance_heartbeat');
    expect(states()).toEqual({ etcd: true, redis: true, manager: true });
  });

  it('takes leave: its keys are gone, its last word is that it stops', async () => {
    const manager = await listen();
    await announce(manager.port);
    await manager.next('instance_started');
    await coordinator.put({ 'nodes/agents/i-10': 'running', 'nodes/agents/i-1-x': 'running' });
    const last = manager.next('instance_terminated');
    await link.stop();
    expect(await last).toEqual(['shutdown']);
    // Exactly its own: D7 of the original took those that begin alike, too.
    expect([...(await registered()).keys()].sort()).toEqual(['nodes/agents/i-1-x', 'nodes/agents/i-10']);
  });
});
