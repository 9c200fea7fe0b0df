/** The agent as an ordinary user in Docker's group, started with the umask that the guide of 1.4 sets. */
import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { kernelConfig, Manager } from '../support/manager.js';
import { buildLabelled } from '../support/labelled-image.js';
import { ManagerSide } from '../support/python.js';
import { redisCli } from '../support/redis.js';
import { runDocker, tracesOf } from '../support/traces.js';
import { until } from '../support/until.js';

const LANG = 'python:3.6-debian';
/** No such user need exist. */
const UID = 54_321;
const small = (lang: string) => kernelConfig(lang, { mem: '0.0625' });

describeWithManager('an agent of an ordinary user', ({ docker, etcd, redis, python }) => {
  const namespace = freshNamespace();
  const tty = `berth-test/tty:${namespace}`;
  let side: ManagerSide;
  let agent: ManagedAgent;
  let manager: Manager;
  beforeAll(async () => {
    await buildLabelled(docker.socketPath, docker.images.debian, tty, { 'ai.backend.features': 'query tty' });
    const { gid } = await stat(docker.socketPath);
    side = await ManagerSide.start(python);
    agent = await ManagedAgent.start({
      docker,
      etcd: etcd.address,
      namespace,
      images: { [LANG]: docker.images.debian, 'git:latest': tty },
      // Whoever is no root runs all of this as an ordinary user already.
      ...(process.getuid!() === 0 ? { user: { uid: UID, gid } } : {}),
      umask: '0002',
    });
    manager = new Manager(side, agent.address);
    await announceManager(etcd.address, namespace, { eventAddress: await manager.listen(), redis: redis.address });
  }, 60_000);
  afterAll(async () => {
    await agent?.dispose();
    await side?.stop();
    await runDocker(docker.socketPath, 'rmi', tty);
  }, 60_000);

  const uidOfAgent = async () => (await stat(`/proc/${agent.pid}`)).uid;
  const modeOf = async (...path: string[]) => (await stat(join(agent.scratchRoot, ...path))).mode & 0o777;

  it('runs kernels in all ways that a manager knows, and goes on after its death', { timeout: 90_000 }, async () => {
    await manager.event('instance_heartbeat');
    if (process.getuid!() === 0) expect(await uidOfAgent()).toBe(UID);
    const [id, shell] = [randomUUID(), randomUUID()];
    await manager.create(id, small(LANG));
    expect((await manager.execute(id, null, 'query', 'x = 6\nopen("made", "w").write("by it")')).status).toBe('finished');
    await manager.call('upload_file', id, 'sub/given', Buffer.from('7'));
    const { files } = (await manager.call('list_files', id, '.')) as { files: string };
    expect((JSON.parse(files) as { filename: string }[]).map(({ filename }) => filename).sort()).toEqual(
      expect.arrayContaining(['made', 'sub']),
    );
    expect(await modeOf(id, '.work')).toBe(0o775);
    expect([await modeOf(id, '.work', 'sub'), await modeOf(id, '.work', 'sub', 'given')]).toEqual([0o775, 0o664]);

    const { stdin_port, stdout_port } = await manager.create(shell, small('git:latest'));
    const terminal = await side.terminal(`tcp://127.0.0.1:${String(stdin_port)}`, `tcp://127.0.0.1:${String(stdout_port)}`);
    let shown = '';
    void (async () => {
      for await (const frames of terminal.events) shown += Buffer.concat(frames).toString();
    })();
    // A PUB loses what it sends before its peer has come.
    await until(async () => {
      await terminal.send(Buffer.from('echo $((6*7))\n'));
      return /^42/m.test(shown);
    }, 300);
    await terminal.close();
    await until(async () => Number((await redisCli(redis.port, 'hget', id, 'mem_cur_bytes'))[0]) > 1e6);

    const code = 'import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.1)';
    const first = await manager.execute(id, 'counting', 'query', code);
    await agent.kill9();
    await agent.up();
    const { stdout } = await manager.follow(id, 'counting', first);
    expect(stdout).toBe(Array.from({ length: 30 }, (_, number) => `${number}\n`).join(''));
    const { console } = await manager.execute(id, null, 'query', 'print(x * int(open("sub/given").read()), open("made").read())');
    expect(console).toEqual([['stdout', '42 by it\n']]);

    for (const kernel of [id, shell]) {
      await manager.call('destroy_kernel', kernel);
      await manager.terminated(kernel);
    }
    await until(async () => (await tracesOf(agent, docker.socketPath)).length === 0);
    expect((await readdir(agent.scratchRoot)).filter((name) => !name.startsWith('.'))).toEqual([]);
  });
});
