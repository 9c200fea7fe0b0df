/** Who reads the output of a run: late, again, several at once, in the polled way beside the pushed one; and what a run is said to have used. */
import { newRunId, type KernelId, type RunRecord } from '@berth/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Executor, type ExecuteCall } from '../../packages/agent/src/manager-link/v1_4/execute/executor.js';
import { toAnnotations } from '../../packages/agent/src/manager-link/v1_4/notes.js';
import { createKernel, python, query, readRun, run, shell, startTestAgent, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

const LINES = 300;
const COUNTS = `import time\nfor i in range(${LINES}):\n  print(i, flush=True)\n  time.sleep(0.01)`;
const COUNTED = Array.from({ length: LINES }, (_, i) => `${i}\n`).join('');
const AS_A_MANAGER_WOULD = toAnnotations({
  lang: 'python:3.6-debian',
  execTimeoutSeconds: 0,
  shares: { cpu: '1', mem: '1', gpu: '0' },
  terminal: null,
});
/** Longer than a polled call waits for output (seed spec 9.3). */
const LONGER_THAN_A_CALL = 2.2;

describeWithDocker('the output of a run', (docker) => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startTestAgent(docker);
    kernel = await createKernel(node.service, { image: docker.images.debian, annotations: AS_A_MANAGER_WOULD });
  }, 60_000);
  afterAll(() => node?.stop());

  const bytesOf = (records: readonly RunRecord[]) =>
    Buffer.concat(records.flatMap((record) => (record.type === 'stdout' ? [record.data] : []))).toString();
  const newExecutor = () =>
    new Executor({
      service: node.service,
      unknownKernel: () => {},
      scanOutput: (id) => node.agent.scanOutput(id),
      execTimeout: () => {},
    });
  const poll = async (executor: Executor, what: Partial<ExecuteCall>) => {
    const call = { apiVersion: 2, kernelId: kernel, runId: 'r', mode: 'continue', code: '', opts: null, ...what } as ExecuteCall;
    const { result, delivered } = await executor.execute(call);
    delivered(true);
    if (result === null || !('console' in result)) throw new Error('no console');
    return {
      status: result.status,
      out: result.console.map(([type, data]) => (type === 'stdout' ? (data as string) : '')).join(''),
    };
  };
  const pollToEnd = async (executor: Executor, first: Partial<ExecuteCall>) => {
    let { status, out } = await poll(executor, first);
    while (status !== 'finished') {
      const next = await poll(executor, { runId: first.runId! });
      [status, out] = [next.status, out + next.out];
    }
    return out;
  };

  it('is the same for all who read at once, from the beginning, from the middle, and polled', async () => {
    const executor = newExecutor();
    const polled = pollToEnd(executor, { runId: 'shared', mode: 'query', code: COUNTS });
    // The dialect gives runs ids of its own.
    await expect.poll(async () => (await node.service.listRuns(kernel)).length).toBe(1);
    const { runId } = (await node.service.listRuns(kernel))[0]!;
    let middle: Promise<Awaited<ReturnType<typeof readRun>>> | undefined;
    const pushed = [1, 2].map(() =>
      readRun(node.service, kernel, runId, ({ seq }) => {
        if (seq === 40) middle ??= readRun(node.service, kernel, runId, () => {}, 30);
      }),
    );
    const [first, second] = await Promise.all(pushed);
    expect([await polled, first!.stdout, second!.stdout]).toEqual([COUNTED, COUNTED, COUNTED]);
    expect(second!.records).toEqual(first!.records);
    const late = (await middle!).records;
    expect(late).toEqual(first!.records.slice(-late.length));
    expect(late[0]!.seq).toBe(30);
    await executor.stop();
  }, 30_000);

  it('can be read again after the end, from any record on', async () => {
    const runId = newRunId();
    await node.service.startRun(kernel, { runId, ...shell('for i in 1 2 3 4 5; do echo $i; sleep 0.02; done') });
    const once = await readRun(node.service, kernel, runId);
    const again = await readRun(node.service, kernel, runId, () => {}, once.records.length - 1);
    expect(again.records).toEqual(once.records.slice(-2));
    expect(bytesOf(again.records)).toBe('5\n');
  });

  it('comes in order from code that waits its turn for longer than a call lasts', async () => {
    const executor = newExecutor();
    const code = (n: number) =>
      `import time; print("begin ${n}", flush=True); time.sleep(${LONGER_THAN_A_CALL / 2}); print("end ${n}")`;
    const all = await Promise.all([1, 2, 3].map((n) => pollToEnd(executor, { runId: `turn${n}`, mode: 'query', code: code(n) })));
    expect(all).toEqual([1, 2, 3].map((n) => `begin ${n}\nend ${n}\n`));
    await executor.stop();
  }, 30_000);

  it('of a run that nobody ever reads blocks no other', async () => {
    const flood = 'import sys\nfor _ in range(64): sys.stdout.write("x" * (1 << 20))';
    await node.service.startRun(kernel, { runId: newRunId(), ...query(flood) });
    expect((await run(node.service, kernel, query('print(6 * 7)'))).stdout).toBe('42\n');
  }, 30_000);

  it('that is slow for want of CPU says so, and one that only waits does not', async () => {
    const slow = await createKernel(node.service, { image: docker.images.debian, cpus: 0.25 });
    const [burnt, waited] = await Promise.all([
      run(node.service, slow, python('import time\nwhile time.process_time() < 0.5: pass')),
      run(node.service, kernel, python('import time; time.sleep(1.1)')),
    ]);
    const { wallMs, usage, detail } = burnt.finished;
    expect(usage!.cpuMs).toBeGreaterThanOrEqual(480);
    expect(wallMs).toBeGreaterThan(1.5 * usage!.cpuMs!);
    expect(usage!.throttled).toBeGreaterThan(0.5);
    expect(detail).toMatch(/^The CPU limit of the session held it back in \d+ % of its time\.$/);
    expect(waited.finished).toMatchObject({ detail: '', usage: { outputBytes: 0 } });
  }, 30_000);
});
