/** Many callers at once, and callers that go away, before one real agent. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { type Executed, kernelConfig, Manager, textOf } from '../support/manager.js';
import { ManagerSide } from '../support/python.js';
import { noticesOf, tracesOf } from '../support/traces.js';
import { until } from '../support/until.js';

const LANG = 'python:3.6-debian';
const SMALL = kernelConfig(LANG, { mem: '0.0625' });
const KERNELS = 4;
const CALLS = 100;
/** The manager's side has gone by then, and no creation is done. */
const GONE_SECONDS = 0.05;
/** A call that polls is answered after two seconds at the latest. */
const ANSWERED_MS = 2300;

describeWithManager('a crowd before an agent', ({ docker, etcd, redis, python }) => {
  let side: ManagerSide;
  let agent: ManagedAgent;
  let manager: Manager;
  const kernels = Array.from({ length: KERNELS }, () => randomUUID());
  const kernelOf = (index: number) => kernels[index % KERNELS]!;
  beforeAll(async () => {
    const namespace = freshNamespace();
    side = await ManagerSide.start(python);
    const images = { [LANG]: docker.images.debian };
    agent = await ManagedAgent.start({ docker, etcd: etcd.address, namespace, images });
    manager = new Manager(side, agent.address);
    await announceManager(etcd.address, namespace, { eventAddress: await manager.listen(), redis: redis.address });
    await manager.event('instance_heartbeat');
  }, 60_000);
  afterAll(async () => {
    await agent?.dispose();
    await side?.stop();
  }, 60_000);

  const sessions = async () => (JSON.parse(await agent.berth('status', '-o', 'json')) as { sessions: number }).sessions;
  const counting = (numbers: number) => `import time\nfor i in range(${numbers}):\n    print(i, flush=True)\n    time.sleep(0.1)`;
  const countedTo = (numbers: number) => Array.from({ length: numbers }, (_, number) => `${number}\n`).join('');

  it('answers a hundred calls at once, each with its own answer, quick ones before slow ones', { timeout: 60_000 }, async () => {
    for (const id of kernels) {
      await manager.create(id, SMALL);
      await manager.call('upload_file', id, `of-${id}`, Buffer.from(id));
    }
    type Call = [method: string, ...args: unknown[]];
    const query = (index: number, code: string): Call => ['execute', 2, kernelOf(index), `run-${index}`, 'query', code, {}];
    const callOf = (index: number): Call => {
      if (index < KERNELS) return query(index, `import time\ntime.sleep(1)\nprint(${index} ** 2)`);
      if (index % 3 === 0) return ['ping', `ping ${index}`];
      if (index % 3 === 1) return query(index, `print(${index} ** 2)`);
      return ['list_files', kernelOf(index)];
    };
    const answers = await side.mixed(
      agent.address,
      Array.from({ length: CALLS }, (_, index) => callOf(index)),
    );
    expect(answers.map(({ index }) => index).sort((a, b) => a - b)).toEqual(Array.from({ length: CALLS }, (_, index) => index));
    for (const { index, value, error } of answers) {
      expect(error).toBeUndefined();
      const [method] = callOf(index);
      if (method === 'ping') expect(value).toBe(`ping ${index}`);
      else if (method === 'list_files') expect((value as { files: string }).files).toContain(`of-${kernelOf(index)}`);
      else {
        const { stdout, last } = await manager.follow(kernelOf(index), `run-${index}`, value as Executed);
        expect([stdout, last.exitCode]).toEqual([`${index ** 2}\n`, 0]);
      }
    }
    const place = (wanted: number) => answers.findIndex(({ index }) => index === wanted);
    for (let slow = 0; slow < KERNELS; slow++) expect(place(slow)).toBeGreaterThan(place(CALLS - 1));
  });

  it(
    'loses nothing of its runs while connections come and go, and callers leave in the middle',
    { timeout: 60_000 },
    async () => {
      const numbers = 60;
      const runs = kernels.map(async (id) => {
        let last = await manager.execute(id, 'churned', 'query', counting(numbers));
        let stdout = textOf(last, 'stdout');
        while (last.status !== 'finished') {
          // This one does not wait for its answer, which is given to nobody before the next call comes.
          await side.call(agent.address, 'execute', { args: [2, id, 'churned', 'continue', '', {}], timeout: GONE_SECONDS });
          await delay(ANSWERED_MS);
          last = await manager.execute(id, 'churned', 'continue');
          stdout += textOf(last, 'stdout');
        }
        return stdout;
      });
      expect(await side.churn(agent.address, 'ping', ['here'], 300)).toBe(300);
      for (const stdout of await Promise.all(runs)) expect(stdout).toBe(countedTo(numbers));
      await Promise.all(kernels.map((id) => manager.call('destroy_kernel', id)));
    },
  );

  it('keeps no kernel whose creator has gone', { timeout: 90_000 }, async () => {
    const abandoned: string[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const [gone, ...kept] = Array.from({ length: 3 }, () => randomUUID()) as [string, string, string];
      abandoned.push(gone);
      const leaving = side.call(agent.address, 'create_kernel', { args: [gone, SMALL], timeout: GONE_SECONDS });
      await Promise.all(kept.map((id) => manager.create(id, SMALL)));
      expect((await leaving).error?.type).toMatch(/TimeoutError/);
      // It was begun, so there is something to be undone.
      await manager.event('kernel_creating', ({ args }) => args[0] === gone);
      await Promise.all(kept.map((id) => manager.call('destroy_kernel', id)));
    }
    await Promise.all(abandoned.map((id) => manager.terminated(id)));
    expect(await sessions()).toBe(0);
    await until(async () => (await tracesOf(agent, docker.socketPath)).length === 0);
    // One for each kernel that there was, for the ten minutes in which it may be told again.
    expect((await noticesOf(agent)).length).toBe(KERNELS + 30);
  });

  it('said no word of it that would be an error', () => {
    expect(agent.log).not.toMatch(/ ERROR |^\s+at /m);
  });
});
