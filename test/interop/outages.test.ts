/** Manager, etcd, Redis and Docker are away for a minute, all at once, while kernels run: nothing is lost, and little is said about it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FaultProxy } from '../../packages/agent/testing/fault-proxy.js';
import { cpuSeconds } from '../support/cpu-time.js';
import { dumpEtcd, etcdctl, startEtcd } from '../support/etcd.js';
import { bySubject, logLines } from '../support/log-lines.js';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { kernelConfig, Manager } from '../support/manager.js';
import type { OwnServer } from '../support/own-server.js';
import { ManagerSide } from '../support/python.js';
import { redisCli, startRedis } from '../support/redis.js';
import { runDocker, tracesOf } from '../support/traces.js';
import { until } from '../support/until.js';

const LANG = 'python:3.6-debian';
const OUTAGE_MS = 60_000;
const NUMBERS = 720;
/** Prints for 72 s. */
const COUNTING = `import time\nfor i in range(${NUMBERS}):\n    print(i, flush=True)\n    time.sleep(0.1)`;

describeWithManager('an agent whose surroundings fail', ({ docker, python }) => {
  let etcd: OwnServer;
  let redis: OwnServer;
  let proxy: FaultProxy;
  let side: ManagerSide;
  let manager: Manager;
  let agent: ManagedAgent;
  let directory: string;
  let namespace: string;
  let logFile: string;
  const undo: (() => Promise<unknown> | undefined)[] = [];

  beforeAll(async () => {
    namespace = freshNamespace();
    directory = await mkdtemp(join(tmpdir(), 'berth-outage-'));
    logFile = join(directory, 'agent.log');
    undo.push(() => rm(directory, { recursive: true, force: true }));
    etcd = await startEtcd();
    undo.push(() => etcd.dispose());
    redis = await startRedis();
    undo.push(() => redis.dispose());
    proxy = await FaultProxy.start({ path: docker.socketPath }, join(directory, 'docker.sock'));
    undo.push(() => proxy.close());
    side = await ManagerSide.start(python);
    undo.push(() => side.stop());
    agent = await ManagedAgent.start({
      docker: { ...docker, socketPath: join(directory, 'docker.sock') },
      etcd: etcd.address,
      namespace,
      images: { [LANG]: docker.images.debian },
      flags: ['--log-file', logFile],
    });
    undo.push(() => agent.dispose());
    undo.push(async () => proxy.resume());
    manager = new Manager(side, agent.address);
  }, 60_000);
  afterAll(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  }, 60_000);

  const registration = () => dumpEtcd(etcd.address, `/sorna/${namespace}/nodes/agents/`);
  const driverState = async () => (JSON.parse(await agent.berth('status', '-o', 'json')) as { driverState: string }).driverState;
  /** A creation that cannot be: it fails in the manager's words within its patience, and nothing is left of it. */
  const failingCreation = async () => {
    const id = randomUUID();
    const began = Date.now();
    const { error } = await manager.ending('create_kernel', id, kernelConfig(LANG));
    expect(error?.type).toBe('builtins.RuntimeError');
    expect(error!.repr).toMatch(/Docker/);
    expect(Date.now() - began).toBeLessThan(3000);
    expect(await tracesOf(agent, docker.socketPath, id)).toEqual([]);
    return id;
  };

  it('loses nothing when manager, etcd, Redis and Docker are away for a minute', { timeout: 150_000 }, async () => {
    const eventAddress = await manager.listen();
    await announceManager(etcd.address, namespace, { eventAddress, redis: redis.address });
    await manager.event('instance_heartbeat');
    const [counting, destroyed, killed] = [randomUUID(), randomUUID(), randomUUID()];
    await manager.create(counting, kernelConfig(LANG, { mem: '0.125' }));
    await manager.create(destroyed, kernelConfig(LANG, { mem: '0.125' }));
    const { container_id: dying } = await manager.create(killed, kernelConfig(LANG, { mem: '0.125' }));
    await statisticsOf(redis.port, counting);
    const before = await registration();
    expect([...before.values()].sort()).toEqual(['127.0.0.1', 'running']);

    const run = (async () =>
      manager.follow(counting, 'counting', await manager.execute(counting, 'counting', 'query', COUNTING)))();
    run.catch(() => {});
    const usual = await rateOfCpu(agent.pid, 6000);
    const linesBefore = logLines(await readFile(logFile, 'utf8')).length;

    const began = Date.now();
    const at = (ms: number) => delay(Math.max(0, began + ms - Date.now()));
    const cpuBefore = await cpuSeconds(agent.pid);
    await Promise.all([etcd.stop('SIGKILL'), redis.stop('SIGKILL'), manager.deafen()]);
    proxy.refuse();
    await at(2000);
    const ending = manager.ending('destroy_kernel', destroyed);
    await runDocker(docker.socketPath, 'kill', String(dying));
    await at(15_000);
    const refused = await failingCreation();
    expect(await driverState()).toBe('unreachable');
    expect((await ending).error).toBeUndefined();
    await at(30_000);
    // The second half is another kind of absence: connections are taken, and nobody says anything.
    proxy.stall();
    await at(35_000);
    const swallowed = await failingCreation();
    await at(OUTAGE_MS);
    const used = (await cpuSeconds(agent.pid)) - cpuBefore;
    const seconds = (Date.now() - began) / 1000;

    const missed = manager.seen.length;
    proxy.resume();
    const late = randomUUID();
    await manager.create(late, kernelConfig(LANG, { mem: '0.125' }));
    await Promise.all([etcd.start(), redis.start()]);
    const moved = await manager.listen();
    expect(moved).not.toBe(eventAddress);
    await etcdctl(etcd.address, 'put', `/sorna/${namespace}/nodes/manager/event_addr`, moved);

    await manager.event('instance_heartbeat', undefined, missed);
    const ends = await Promise.all([destroyed, killed].map((id) => manager.terminated(id, missed)));
    expect(ends.map(({ args }) => args[1])).toEqual(['user-requested', 'self-terminated']);
    await statisticsOf(redis.port, counting);
    await until(async () => (await registration()).size === before.size);
    expect(await registration()).toEqual(before);
    await until(async () => (await driverState()) === 'ok');
    expect((await manager.execute(late, null, 'query', 'print("alive")')).console).toEqual([['stdout', 'alive\n']]);

    const { stdout, last } = await run;
    expect(stdout).toBe(Array.from({ length: NUMBERS }, (_, number) => `${number}\n`).join(''));
    expect(last.exitCode).toBe(0);
    for (const id of [refused, swallowed, destroyed, killed])
      await until(async () => (await tracesOf(agent, docker.socketPath, id)).length === 0);
    await manager.call('destroy_kernel', counting);
    await manager.terminated(counting, missed);
    expect(Number((await redisCli(redis.port, 'hget', counting, 'cpu_used'))[0])).toBeGreaterThan(0);

    // Phases of kernels are no noise of an outage: each was asked for above.
    const lines = logLines(await readFile(logFile, 'utf8')).slice(linesBefore);
    const said = bySubject(lines.filter(({ message }) => message !== 'kernel changed'));
    for (const [subject, about] of said) expect([subject, about.length <= 3, about]).toEqual([subject, true, about]);
    expect(agent.log).not.toMatch(/^\s+at /m);
    expect(used / seconds - usual).toBeLessThan(0.05);
  });
});

/** Cores that the process uses while nothing special happens. */
async function rateOfCpu(pid: number, ms: number): Promise<number> {
  const [from, began] = [await cpuSeconds(pid), Date.now()];
  await delay(ms);
  return ((await cpuSeconds(pid)) - from) / ((Date.now() - began) / 1000);
}

/** Waits for a sample of a kernel that has just been written. */
async function statisticsOf(port: number, kernelId: string): Promise<void> {
  await until(async () => Number((await redisCli(port, 'ttl', kernelId))[0]) > 20);
}
