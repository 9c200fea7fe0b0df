/** What the doctor says of a real cluster, as an operator sets it up step by step. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithEtcd, describeWithRedis } from '../../../test/support/services.js';
import { withCoordinator } from '../src/commands/etcd-tools.js';
import { openDoctor } from '../src/commands/doctor/index.js';

describeWithEtcd('the doctor on a cluster', (etcd) => {
  let directory: string;
  let flags: Record<string, string>;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-doctor-'));
    flags = {
      'etcd-addr': etcd.address,
      namespace: `doctor-${process.pid}-${Date.now()}`,
      'instance-id': 'i-doctor',
      'agent-host-override': '127.0.0.1',
      'scratch-root': directory,
      'state-dir': join(directory, 'state'),
    };
  });
  afterEach(async () => {
    const used = ['nodes/manager', 'nodes/manager/event_addr', 'nodes/redis', 'volumes/_mount', 'volumes/_vfroot'];
    await withCoordinator(flags, (coordinator) => coordinator.remove(used));
    await rm(directory, { recursive: true, force: true });
  });

  const put = (entries: Record<string, string>) => withCoordinator(flags, (coordinator) => coordinator.put(entries));

  /** States by id. */
  async function look(...only: string[]): Promise<Record<string, string>> {
    const doctor = await openDoctor({ flags, quick: true, only });
    try {
      const states: Record<string, string> = {};
      for (const { id, examine } of doctor.examinations) states[id] = (await examine()).state;
      return states;
    } finally {
      await doctor.close();
    }
  }

  it('without a manager', async () => {
    expect(await look('cluster')).toEqual({
      'cluster.etcd': 'green',
      'cluster.manager': 'yellow',
      'cluster.redis': 'yellow',
      'cluster.folders': 'green',
    });
  });

  it('with a manager that listens, and with one that does not', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await put({ 'nodes/manager': 'i-manager', 'nodes/manager/event_addr': address });
    expect(await look('cluster.manager')).toEqual({ 'cluster.manager': 'green' });
    server.close();
    await once(server, 'close');
    expect(await look('cluster.manager')).toEqual({ 'cluster.manager': 'red' });
  });

  it('with folders: those of the guide, missing ones, mounted ones', async () => {
    await put({ 'volumes/_vfroot': directory });
    expect(await look('cluster.folders')).toEqual({ 'cluster.folders': 'yellow' });
    await put({ 'volumes/_mount': join(directory, 'missing') });
    expect(await look('cluster.folders')).toEqual({ 'cluster.folders': 'red' });
    await put({ 'volumes/_mount': directory });
    expect(await look('cluster.folders')).toEqual({ 'cluster.folders': 'green' });
  });

  it('with ports and directories of the agent', async () => {
    expect(await look('node.scratch-root', 'node.rpc-port', 'node.terminal-ports', 'node.lock')).toMatchObject({
      'node.scratch-root': 'green',
      'node.lock': 'green',
    });
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    flags = { ...flags, 'agent-port': String(port), 'agent-bind': '127.0.0.1', 'scratch-root': join(directory, 'missing') };
    expect(await look('node.scratch-root', 'node.rpc-port')).toEqual({ 'node.scratch-root': 'red', 'node.rpc-port': 'red' });
    server.close();
  });

  describeWithRedis('and its Redis', (redis) => {
    it('that answers, that is something else, and that is away', async () => {
      await put({ 'nodes/redis': redis.address });
      expect(await look('cluster.redis')).toEqual({ 'cluster.redis': 'green' });
      await put({ 'nodes/redis': etcd.address });
      expect(await look('cluster.redis')).toEqual({ 'cluster.redis': 'red' });
      await put({ 'nodes/redis': '127.0.0.1:1' });
      expect(await look('cluster.redis')).toEqual({ 'cluster.redis': 'red' });
    });
  });
});
