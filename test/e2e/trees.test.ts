/** Ending a run: whatever the program does against it, the session lives on and no process of the run is left. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelId, RunId } from '@berth/wire';
import { createKernel, python, query, run, shell, startTestAgent, type RunWish, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

/** Processes of the kernel that carry this mark in their arguments or name. */
const COUNT = (mark: string) =>
  python(`
import os
n = 0
for pid in os.listdir('/proc'):
    if pid.isdigit() and int(pid) != os.getpid():
        try: line = open('/proc/%s/cmdline' % pid, 'rb').read()
        except OSError: continue
        if b'${mark}' in line and b'/opt/berth/bin/tini' not in line: n += 1
print(n)`);

describeWithDocker('ending a run', (docker) => {
  let node: TestAgent;
  let kernel: KernelId;
  beforeAll(async () => {
    node = await startTestAgent(docker);
    kernel = await createKernel(node.service, { image: docker.images.debian });
    await run(node.service, kernel, query('kept = 41'));
  }, 60_000);
  afterAll(() => node.stop());

  /** Starts a run, waits for its first output, interrupts it, then kills it if it is still there. */
  async function endIt(wish: RunWish) {
    let kill: Promise<void> | undefined;
    let runId: RunId | undefined;
    const outcome = run(node.service, kernel, wish, (record, id) => {
      if (runId !== undefined || record.type !== 'stdout') return;
      runId = id;
      kill = node.service.signalRun(kernel, id, 'interrupt').then(async () => {
        const finished = await Promise.race([
          outcome.then(() => true),
          new Promise<false>((r) => setTimeout(() => r(false), 1500)),
        ]);
        if (!finished) await node.service.signalRun(kernel, id, 'kill');
      });
    });
    const result = await outcome;
    await kill;
    return result;
  }

  const batches: [string, string, RunWish][] = [
    ['while True: pass', 'interrupted', python("print('up MARK1', flush=True)\nwhile True: pass")],
    [
      'a shell that waits for a program',
      'interrupted',
      // The program says when it is there: a shell that is interrupted between its fork and its wait may miss it, at a terminal too.
      shell(`python3 -c "import time; print('up MARK2', flush=True); time.sleep(1000)"; echo MARK2`),
    ],
    [
      'a program that ignores SIGINT and SIGTERM',
      'killed',
      python(
        "import signal, time\nfor s in (2, 15): signal.signal(s, signal.SIG_IGN)\nprint('up MARK3', flush=True)\nwhile True: time.sleep(1)",
      ),
    ],
    [
      'one whose first thread has ended',
      'killed',
      python(`
import ctypes, signal, threading, time
for s in (2, 15): signal.signal(s, signal.SIG_IGN)
def stay():
    print('up MARK4', flush=True)
    time.sleep(1000)
threading.Thread(target=stay).start()
ctypes.CDLL(None).pthread_exit(None)`),
    ],
    [
      'one that daemonises',
      'interrupted',
      python(`
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)  # MARK5
    os._exit(0)
print('up MARK5', flush=True)
time.sleep(1000)`),
    ],
  ];

  describe('of a batch', () => {
    for (const [index, [what, reason, wish]] of batches.entries()) {
      it(`${what}: nothing of it is left, and the session keeps its variables`, async () => {
        const outcome = await endIt(wish);
        expect(outcome.finished.reason).toBe(reason);
        expect((await run(node.service, kernel, COUNT(`MARK${index + 1}`))).stdout).toBe('0\n');
        expect((await run(node.service, kernel, query('kept'))).stdout).toBe('41\n');
      }, 30_000);
    }
  });

  describe('of a query', () => {
    const queries: [string, string][] = [
      ['while True: pass', "print('up', flush=True)\nwhile True: pass"],
      ['time.sleep', "import time\nprint('up', flush=True)\ntime.sleep(1000)"],
      ['a child that sleeps', "import subprocess\nprint('up', flush=True)\nsubprocess.run(['sleep', '1000.5'])"],
    ];
    for (const [what, code] of queries) {
      it(`${what}: KeyboardInterrupt, and the session keeps its variables`, async () => {
        const outcome = await endIt(query(code));
        expect(outcome.finished.reason).toBe('interrupted');
        expect(outcome.stderr).toContain('KeyboardInterrupt');
        expect((await run(node.service, kernel, COUNT('1000.5'))).stdout).toBe('0\n');
        expect((await run(node.service, kernel, query('kept'))).stdout).toBe('41\n');
      }, 30_000);
    }

    it('that cannot be interrupted: it is killed, the loss of variables is told, and the session goes on', async () => {
      const stubborn = "while True:\n  try:\n    print('up', flush=True)\n    while True: pass\n  except BaseException: pass";
      const outcome = await endIt(query(stubborn));
      expect(outcome.finished).toMatchObject({ reason: 'killed', stateLost: true });
      expect((await run(node.service, kernel, query('1 + 1'))).stdout).toBe('2\n');
      await run(node.service, kernel, query('kept = 41'));
    }, 30_000);
  });

  it('by its time limit ends its whole tree and keeps the session', async () => {
    const outcome = await run(node.service, kernel, { ...shell('sleep 1000.25 & sleep 1000.25'), timeoutMs: 500 });
    expect(outcome.finished.reason).toBe('time-limit');
    expect((await run(node.service, kernel, COUNT('1000.25'))).stdout).toBe('0\n');
    expect((await run(node.service, kernel, query('kept'))).stdout).toBe('41\n');
  });
});
