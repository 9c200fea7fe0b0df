/** Ending a run in a sandbox: whatever the program does against it, the session lives on and no process of the run is left. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelId, RunId } from '@berth/wire';
import { createKernel, python, query, run, shell, type RunWish, type TestAgent } from '../support/agent.js';
import { describeWithBubblewrap, startSandboxAgent } from '../support/sandbox.js';

/** Processes of the whole machine that have `mark` among their arguments, or in their environment. */
function marked(mark: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  }).length;
}

const MARK = `berth-mark-${process.pid}-${process.getuid!()}`;

describeWithBubblewrap('ending a run in a sandbox', () => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startSandboxAgent();
    kernel = await createKernel(node.service, { image: 'host' });
    await run(node.service, kernel, query('kept = 41'));
  }, 60_000);
  afterAll(() => node.stop());

  /** Starts a run, waits for its first output, interrupts it, then kills it if it is still there. */
  async function endIt(wish: RunWish) {
    let ending: Promise<void> | undefined;
    const outcome = run(node.service, kernel, wish, (record, id: RunId) => {
      if (ending || record.type !== 'stdout') return;
      ending = node.service.signalRun(kernel, id, 'interrupt').then(async () => {
        const patience = new Promise<false>((resolve) => setTimeout(() => resolve(false), 1500));
        if (!(await Promise.race([outcome.then(() => true as const), patience])))
          await node.service.signalRun(kernel, id, 'kill');
      });
    });
    const result = await outcome;
    await ending;
    return result;
  }

  const DAEMON = `
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(1000)
    os._exit(0)
print('up', flush=True)
time.sleep(1000)`;

  const batches: [string, string, RunWish][] = [
    ['while True: pass', 'interrupted', python("print('up', flush=True)\nwhile True: pass", MARK)],
    [
      'a shell that waits for a program',
      'interrupted',
      shell(`python3 -c "import time; print('up', flush=True); time.sleep(1000)" ${MARK}; :`),
    ],
    [
      'a program that ignores SIGINT and SIGTERM',
      'killed',
      python(
        "import signal, time\nfor s in (2, 15): signal.signal(s, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: time.sleep(1)",
        MARK,
      ),
    ],
    ['one that daemonises', 'interrupted', python(DAEMON, MARK)],
  ];

  describe.each(batches)('%s', (_what, reason, wish) => {
    it(`ends as ${reason}, and nothing of it is left on the machine`, async () => {
      expect((await endIt(wish)).finished.reason).toBe(reason);
      expect(marked(MARK)).toBe(0);
      expect((await run(node.service, kernel, query('kept + 1'))).stdout).toBe('42\n');
    });
  });

  it('in the language session ends the code and keeps the variables', async () => {
    const { finished } = await endIt(query("print('up', flush=True)\nwhile True: pass"));
    expect(finished).toMatchObject({ reason: 'interrupted', stateLost: false });
    expect((await run(node.service, kernel, query('kept + 1'))).stdout).toBe('42\n');
  });

  it('which does not heed it takes its variables with it, and the next begins anew', async () => {
    const code = "import signal\nsignal.signal(2, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: pass";
    expect((await endIt(query(code))).finished).toMatchObject({ reason: 'killed', stateLost: true });
    expect((await run(node.service, kernel, query('1 + 1'))).stdout).toBe('2\n');
  }, 30_000);

  it('by its time limit says so', async () => {
    const outcome = await run(node.service, kernel, { ...python('import time; time.sleep(1000)', MARK), timeoutMs: 300 });
    expect(outcome.finished.reason).toBe('time-limit');
    expect(marked(MARK)).toBe(0);
  });

  it('leaves nothing that went into the background and outlived its program', async () => {
    await run(node.service, kernel, shell(`python3 -c "import time; time.sleep(1000)" ${MARK} >/dev/null 2>&1 & exit 0`));
    expect(marked(MARK)).toBe(0);
  });

  it('by the end of the session leaves nothing', async () => {
    const second = await createKernel(node.service, { image: 'host' });
    let running!: () => void;
    const begun = new Promise<void>((resolve) => (running = resolve));
    const outcome = run(
      node.service,
      second,
      python("import time; print('up', flush=True); time.sleep(1000)", MARK),
      running,
    ).catch(() => {});
    await begun;
    await node.service.destroyKernel(second, { graceMs: 0 });
    await outcome;
    expect(marked(MARK)).toBe(0);
  });
});
