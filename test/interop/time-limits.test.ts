/** Kernels that nobody uses, and executions that take too long, on a real agent (seed spec 8.9). */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildLabelled } from '../support/labelled-image.js';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { kernelConfig, Manager, textOf } from '../support/manager.js';
import { ManagerSide } from '../support/python.js';
import { runDocker, tracesOf } from '../support/traces.js';
import { until } from '../support/until.js';

const LANG = 'python:3.6-debian';
const IDLE_SECONDS = 3;
const small = (lang: string) => kernelConfig(lang, { mem: '0.0625' });

describeWithManager('time limits of a manager 1.4', ({ docker, etcd, redis, python }) => {
  const namespace = freshNamespace();
  const limited = `berth-test/limited:${namespace}`;
  const tty = `berth-test/tty:${namespace}`;
  let side: ManagerSide;
  let agent: ManagedAgent;
  let manager: Manager;
  beforeAll(async () => {
    await buildLabelled(docker.socketPath, docker.images.debian, limited, { 'ai.backend.timeout': '1' });
    await buildLabelled(docker.socketPath, docker.images.debian, tty, { 'ai.backend.features': 'query tty' });
    side = await ManagerSide.start(python);
    agent = await ManagedAgent.start({
      docker,
      etcd: etcd.address,
      namespace,
      images: { [LANG]: docker.images.debian, 'python:limited': limited, 'git:latest': tty },
      flags: ['--idle-timeout', String(IDLE_SECONDS)],
    });
    manager = new Manager(side, agent.address);
    await announceManager(etcd.address, namespace, { eventAddress: await manager.listen(), redis: redis.address });
    await manager.event('instance_heartbeat');
  }, 60_000);
  afterAll(async () => {
    await agent?.dispose();
    await side?.stop();
    await runDocker(docker.socketPath, 'rmi', limited, tty);
  }, 60_000);

  const leavesNothing = (id: string) => until(async () => (await tracesOf(agent, docker.socketPath, id)).length === 0);
  /** How long after `since` the manager heard of the end, and why it came. */
  const endOf = async (id: string, since: number): Promise<{ reason: unknown; seconds: number }> => {
    const { args } = await manager.terminated(id);
    return { reason: args[1], seconds: (Date.now() - since) / 1000 };
  };

  it('end a kernel that is idle, also with an open terminal, and none that works', { timeout: 60_000 }, async () => {
    const [idle, shell, busy] = [randomUUID(), randomUUID(), randomUUID()];
    await manager.create(idle, small(LANG));
    const madeIdle = Date.now();
    const { stdin_port, stdout_port } = await manager.create(shell, small('git:latest'));
    const terminal = await side.terminal(`tcp://127.0.0.1:${String(stdin_port)}`, `tcp://127.0.0.1:${String(stdout_port)}`);
    const opened = Date.now();
    await manager.create(busy, small(LANG));
    const began = Date.now();
    const first = await manager.execute(
      busy,
      'long',
      'query',
      'import time\nprint("begun", flush=True)\ntime.sleep(9)\nprint("done")',
    );
    expect([textOf(first, 'stdout'), first.status]).toEqual(['begun\n', 'continued']);

    const ends = await Promise.all([endOf(idle, madeIdle), endOf(shell, opened), endOf(busy, began)]);
    expect(ends.map(({ reason }) => reason)).toEqual(['idle-timeout', 'idle-timeout', 'idle-timeout']);
    for (const { seconds } of ends) expect(seconds).toBeGreaterThan(IDLE_SECONDS - 0.5);
    // Nobody asked for its output, and it was let work to its end.
    const [idleEnd, shellEnd, busyEnd] = ends.map(({ seconds }) => seconds) as [number, number, number];
    expect(busyEnd).toBeGreaterThan(9);
    expect(Math.max(idleEnd, shellEnd)).toBeLessThan(9);
    await terminal.close();
    for (const id of [idle, shell, busy]) await leavesNothing(id);
  });

  it('end an execution that takes longer than its image allows, and its kernel', { timeout: 60_000 }, async () => {
    const id = randomUUID();
    await manager.create(id, small('python:limited'));
    expect((await manager.execute(id, 'quick', 'query', 'print(1)')).status).toBe('finished');
    const began = Date.now();
    const code = 'import time\nprint("begun", flush=True)\ntime.sleep(5)\nprint("never")';
    const { stdout, last } = await manager.run(id, 'slow', 'query', code);
    expect([last.status, stdout]).toEqual(['exec-timeout', 'begun\n']);
    expect(Date.now() - began).toBeLessThan(4500);
    expect((await endOf(id, began)).reason).toBe('exec-timeout');
    await leavesNothing(id);
  });
});
