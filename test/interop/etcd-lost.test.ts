/** etcd loses everything, and the clock of the agent is wrong and jumps: it is known to its manager all the same. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dumpEtcd, startEtcd } from '../support/etcd.js';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { kernelConfig, Manager } from '../support/manager.js';
import type { OwnServer } from '../support/own-server.js';
import { ManagerSide } from '../support/python.js';
import { until } from '../support/until.js';

const LANG = 'python:3.6-debian';
/** More than a lease lasts without being renewed. */
const LEASE_MS = 22_000;

/** A module for Node: its clock is a day fast, and from SIGUSR2 on a day slow. */
const JUMPING_CLOCK = `data:text/javascript,${encodeURIComponent(
  `const now = Date.now; let off = 864e5; Date.now = () => now() + off; process.on('SIGUSR2', () => (off = -864e5));`,
)}`;

describeWithManager('an agent with a wrong clock whose etcd loses everything', ({ docker, redis, python }) => {
  const namespace = freshNamespace();
  let etcd: OwnServer;
  let side: ManagerSide;
  let agent: ManagedAgent;
  let manager: Manager;
  beforeAll(async () => {
    etcd = await startEtcd();
    side = await ManagerSide.start(python);
    agent = await ManagedAgent.start({
      docker,
      etcd: etcd.address,
      namespace,
      images: { [LANG]: docker.images.debian },
      env: { NODE_OPTIONS: `--import ${JUMPING_CLOCK}` },
    });
    manager = new Manager(side, agent.address);
  }, 60_000);
  afterAll(async () => {
    await agent?.dispose();
    await side?.stop();
    await etcd?.dispose();
  }, 60_000);

  const registration = () => dumpEtcd(etcd.address, `/sorna/${namespace}/nodes/agents/`);

  it('registers anew, and keeps its lease', { timeout: 80_000 }, async () => {
    const facts = { eventAddress: await manager.listen(), redis: redis.address };
    await announceManager(etcd.address, namespace, facts);
    await manager.event('instance_heartbeat');
    await until(async () => (await registration()).size === 2);
    const before = await registration();
    expect([...before.values()].sort()).toEqual(['127.0.0.1', 'running']);
    const kernel = randomUUID();
    await manager.create(kernel, kernelConfig(LANG, { mem: '0.125' }));

    process.kill(agent.pid, 'SIGUSR2');
    await etcd.stop('SIGKILL');
    await rm(join(etcd.directory, 'data'), { recursive: true });
    await delay(2000);
    await etcd.start();
    await announceManager(etcd.address, namespace, facts);
    const from = manager.seen.length;
    await until(async () => (await registration()).size === before.size);
    expect(await registration()).toEqual(before);
    await manager.event('instance_heartbeat', undefined, from);
    await delay(LEASE_MS);
    expect(await registration()).toEqual(before);
    expect((await manager.execute(kernel, null, 'query', 'print(1)')).console).toEqual([['stdout', '1\n']]);
    await manager.call('destroy_kernel', kernel);
    await manager.terminated(kernel, from);
    const [last] = agent.log.trim().split('\n').slice(-1);
    expect(Date.parse(last!.slice(0, 19).replace(' ', 'T') + 'Z') - Date.now()).toBeLessThan(-80_000_000);
  });
});
