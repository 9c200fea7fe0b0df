/** Kernels whose image brings the genuine kernel-runner 1.4.2 of 2018: the same service, over ZeroMQ. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '@berth/base';
import { newRunId, type BatchRun, type KernelId, type RunRecord } from '@berth/wire';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createKernel, query, readRun, run, startTestAgent, type RunWish, type TestAgent } from '../support/agent.js';
import { describeWithDocker } from '../support/services.js';

const SPEC = { supervisor: 'kernel-runner', network: 'bridge' } as const;
/** As the 1.4 dialect asks. */
const shell = (build: string, exec: string): RunWish => ({
  mode: 'batch',
  build,
  argv: exec === '' || exec === '*' ? [exec].filter((text) => text !== '') : ['/bin/sh', '-c', exec],
  stdin: 'open',
});
/** Types of records, neighbours of one type once, with their texts joined. */
function told(records: readonly RunRecord[]): readonly [string, string | number | null][] {
  const all: [string, string | number | null][] = [];
  for (const record of records) {
    const last = all.at(-1);
    if (record.type === 'stdout' || record.type === 'stderr') {
      const text = Buffer.from(record.data).toString();
      if (last?.[0] === record.type) last[1] = `${last[1]}${text}`;
      else all.push([record.type, text]);
    } else if (record.type === 'finished') all.push(['finished', record.signal ?? record.exitCode]);
    else if (record.type === 'build-finished') all.push([record.type, record.exitCode]);
    else all.push([record.type, null]);
  }
  return all;
}

describeWithDocker('a kernel with the kernel-runner of 2018', (docker) => {
  let agent: TestAgent;
  let kernel: KernelId;
  const scratch = (...names: string[]): string => join(agent.directory, 'scratch', kernel, ...names);
  const inspect = (): {
    HostConfig: Record<string, unknown>;
    Config: Record<string, unknown>;
    NetworkSettings: { Ports: object };
  } =>
    (
      JSON.parse(execFileSync('docker', ['-H', `unix://${docker.socketPath}`, 'inspect', `berth-${kernel}-1`]).toString()) as [
        never,
      ]
    )[0];
  beforeAll(async () => {
    agent = await startTestAgent(docker);
    kernel = await createKernel(agent.service, {
      image: docker.images.kernelPython,
      ...SPEC,
      env: { GREETING: 'hi', BAD: 'a\nX=1' },
    });
  }, 60_000);
  afterAll(() => agent?.stop(), 60_000);

  const go = (wish: RunWish) => run(agent.service, kernel, wish);

  describe('in batch mode', () => {
    it('tells a failing build, and that the program was not run', async () => {
      const { records } = await go(shell('echo hi; exit 3', 'echo never'));
      expect(told(records)).toEqual([
        ['stdout', 'hi\n'],
        ['build-finished', 3],
        ['finished', 127],
      ]);
      expect(records.at(-1)).toMatchObject({ reason: 'exited', detail: 'the build failed with code 3' });
    });

    it('passes through an empty build, and runs nothing for an empty program', async () => {
      expect(told((await go(shell('', ''))).records)).toEqual([
        ['build-finished', 0],
        ['finished', 0],
      ]);
    });

    it("takes * for the language's own rule", async () => {
      await agent.service.writeFile(kernel, 'main.py', bytes('print("main", 7 * 6)\n'));
      const { records } = await go(shell('', '*'));
      expect(told(records)).toEqual([
        ['build-finished', 0],
        ['stdout', 'main 42\n'],
        ['finished', 0],
      ]);
    });

    it('tells the signal that an interrupted sleep died of', async () => {
      const runId = newRunId();
      await agent.service.startRun(kernel, { runId, ...shell('', 'echo begun; exec sleep 60') } as BatchRun);
      const { records } = await readRun(agent.service, kernel, runId, (record) => {
        if (record.type === 'stdout') void agent.service.signalRun(kernel, runId, 'interrupt');
      });
      expect(told(records).at(-1)).toEqual(['finished', 'SIGINT']);
      expect(records.at(-1)).toMatchObject({ exitCode: null, reason: 'interrupted' });
    });

    it('ends a run at its time limit', async () => {
      const { finished } = await go({ ...shell('', 'exec sleep 60'), timeoutMs: 300 } as RunWish);
      expect(finished).toMatchObject({ signal: 'SIGINT', reason: 'time-limit' });
    });

    it('quotes a program with arguments', async () => {
      expect((await go({ mode: 'batch', argv: ['printf', '%s|', "it's", '$HOME', 'a b'] })).stdout).toBe("it's|$HOME|a b|");
    });

    it('loses no byte of a megabyte, nor splits one of UTF-8 for good', async () => {
      const { stdout } = await go(shell('', `python3 -c "print('é' * 524288, end='')"`));
      expect(stdout === 'é'.repeat(524_288)).toBe(true);
    });

    it('refuses a terminal', async () => {
      const wish = { ...shell('', 'true'), terminal: { rows: 24, columns: 80 } } as RunWish;
      await expect(go(wish)).rejects.toMatchObject({ code: 'terminal-missing' });
    });
  });

  describe('in query mode', () => {
    it('keeps the state between queries', async () => {
      await go(query('x = 20'));
      expect((await go(query('print(x + 22)'))).stdout).toBe('42\n');
    });

    it('tells an exception as the runner does: with exit code 0', async () => {
      const { stderr, finished } = await go(query('1/0'));
      expect(stderr).toContain('ZeroDivisionError');
      expect(finished).toMatchObject({ exitCode: 0, reason: 'exited' });
    });

    it('answers an input request, and keeps what comes too early', async () => {
      const runId = newRunId();
      await agent.service.startRun(kernel, { runId, ...query('a = input("name? ")\nb = input()\nprint(a, b)') } as never);
      const early = agent.service.sendInput(kernel, runId, 0, Buffer.from('Ada'), false);
      const { records, stdout } = await readRun(agent.service, kernel, runId, (record) => {
        if (record.type === 'waiting-input' && record.seq > 2) {
          void early.then((offset) => agent.service.sendInput(kernel, runId, offset, Buffer.from('L.'), false));
        }
      });
      expect(stdout).toBe('name? Ada L.\n');
      expect(records.filter(({ type }) => type === 'waiting-input')).toHaveLength(2);
      expect(await early).toBe(3);
    });

    it('knows a password request, and the end of input', async () => {
      const runId = newRunId();
      await agent.service.startRun(kernel, { runId, ...query('import getpass\nprint(repr(getpass.getpass()))') } as never);
      await agent.service.sendInput(kernel, runId, 0, new Uint8Array(0), true);
      const { records, stdout } = await readRun(agent.service, kernel, runId);
      expect(records.find(({ type }) => type === 'waiting-input')).toMatchObject({ password: true });
      expect(stdout).toBe("Password: ''\n");
    });

    it('interrupts what computes', async () => {
      const runId = newRunId();
      await agent.service.startRun(kernel, { runId, ...query('print("on")\nwhile True: pass') } as never);
      const { stderr, finished } = await readRun(agent.service, kernel, runId, (record) => {
        if (record.type === 'stdout') void agent.service.signalRun(kernel, runId, 'interrupt');
      });
      expect(stderr).toContain('Interrupted!');
      expect(finished.reason).toBe('interrupted');
    });

    it('completes names', async () => {
      await go(query('import os\nsome_long_name = 1'));
      expect(await agent.service.complete(kernel, 'python', 'y = some_lo', 11)).toEqual(['some_long_name']);
      expect(await agent.service.complete(kernel, 'python', 'os.getui', 8)).toEqual(['os.getuid']);
      expect(await agent.service.complete(kernel, 'python', 'zzzz', 4)).toEqual([]);
    });

    it('gives media, html and what user code invents, each as far as it goes', async () => {
      const code = `
_sorna_emit((b'media', b'{"type": "image/svg+xml", "data": "<svg/>"}'))
_sorna_emit((b'html', b'<b>\\xff</b>'))
_sorna_emit((b'media', b'{"type": 1'))
_sorna_emit((b'nonsense', b''))
_sorna_emit((b'finished', b'no json'))
print('on')`;
      const { records } = await go(query(code));
      expect(records.slice(0, 2)).toMatchObject([
        { type: 'media', mime: 'image/svg+xml', data: '<svg/>', encoding: 'utf8' },
        { type: 'html', text: '<b>\ufffd</b>' },
      ]);
      expect(told(records.slice(2))).toEqual([
        ['stdout', 'on\n'],
        ['finished', 0],
      ]);
    });

    it('cuts a record above 10 MiB, and goes on', async () => {
      const { stdout } = await go(query('print("x" * 12_000_000, end="")\nprint("after")'));
      expect(stdout.length).toBe(10_485_760 + 'after\n'.length);
    });

    it('works off runs in the order of their starts, each with its own output', async () => {
      const ids = Array.from({ length: 8 }, () => newRunId());
      for (const [index, runId] of ids.entries()) {
        await agent.service.startRun(kernel, { runId, ...query(`import time; time.sleep(0.05); print(${index})`) } as never);
      }
      const states = (await agent.service.listRuns(kernel)).filter(({ runId }) => ids.includes(runId)).map(({ state }) => state);
      expect(states.at(-1)).toBe('queued');
      const outcomes = await Promise.all(ids.map((runId) => readRun(agent.service, kernel, runId)));
      expect(outcomes.map(({ stdout }) => stdout)).toEqual(ids.map((_, index) => `${index}\n`));
    });

    it('takes a run out of the queue when it is interrupted', async () => {
      const [first, second] = [newRunId(), newRunId()];
      await agent.service.startRun(kernel, { runId: first, ...query('import time; time.sleep(0.5)') } as never);
      await agent.service.startRun(kernel, { runId: second, ...query('print("never")') } as never);
      await agent.service.signalRun(kernel, second, 'interrupt');
      expect(told((await readRun(agent.service, kernel, second)).records)).toEqual([['finished', 'SIGINT']]);
      expect((await readRun(agent.service, kernel, first)).finished.exitCode).toBe(0);
    });

    it('finds a run that the same request started before, and refuses another under its id', async () => {
      const request = { runId: newRunId(), ...query('print("once")') } as never;
      await agent.service.startRun(kernel, request);
      await agent.service.startRun(kernel, request);
      expect((await readRun(agent.service, kernel, (request as { runId: never }).runId)).stdout).toBe('once\n');
      const other = { ...(request as object), code: 'x' } as never;
      await expect(agent.service.startRun(kernel, other)).rejects.toMatchObject({ code: 'run-conflict' });
    });
  });

  describe('its container', () => {
    it('is the image with its own entrypoint, on ports of this machine alone', () => {
      const { HostConfig, Config, NetworkSettings } = inspect();
      expect(HostConfig).toMatchObject({ Memory: 2 ** 30, MemorySwap: 2 ** 30, Privileged: false });
      expect(HostConfig['CapAdd']).toEqual(
        ['CHOWN', 'SETUID', 'SETGID', 'DAC_OVERRIDE', 'FOWNER', 'KILL'].map((name) => expect.stringContaining(name) as string),
      );
      expect(HostConfig['SecurityOpt']).toEqual(['no-new-privileges']);
      expect(Config).toMatchObject({
        Tty: true,
        OpenStdin: true,
        StopSignal: 'SIGINT',
        Entrypoint: ['/usr/local/bin/entrypoint.sh'],
      });
      expect(NetworkSettings.Ports).toMatchObject({
        '2000/tcp': [{ HostIp: '127.0.0.1' }],
        '2001/tcp': [{ HostIp: '127.0.0.1' }],
      });
      expect(NetworkSettings.Ports).toMatchObject({ '2002/tcp': null, '2003/tcp': null });
    });

    it('has its files as the user whose number it was told, and theirs as the runner reads them', async () => {
      expect((await go(shell('', 'echo "$GREETING, $BAD$X" > made; id -u'))).stdout.trim()).toBe(
        String(statSync(scratch('.work')).uid),
      );
      expect(readFileSync(scratch('.work', 'made'), 'utf8')).toBe('hi, \n');
      expect(statSync(scratch('.work', '.config')).uid).toBe(statSync(scratch('.work')).uid);
      expect(readFileSync(scratch('.config', 'resource.txt'), 'utf8').split('\n').slice(0, 4)).toEqual([
        'NUMA_NODE=0',
        'CPU_CORES=0',
        'MEMORY_LIMIT=1024M',
        'SCRATCH_SIZE=0',
      ]);
    });
  });

  describe('and an agent that goes and comes', () => {
    const NUMBERS = 'import time\nfor i in range(150):\n    print(i)\n    time.sleep(0.01)';
    const numbers = Array.from({ length: 150 }, (_, i) => `${i}\n`).join('');

    it('has every number of a run once, and the next run as well', async () => {
      const [runId, next] = [newRunId(), newRunId()];
      await agent.service.startRun(kernel, { runId, ...query(NUMBERS) } as never);
      await agent.service.startRun(kernel, { runId: next, ...query('print("next")') } as never);
      let seen = 0;
      for (let life = 0; life < 3; life++) {
        const stream = await agent.service.attachRun(kernel, runId, { from: 1 });
        for await (const frames of stream) {
          const last = frames.at(-1)!.seq;
          if (last > seen + 40) {
            seen = last;
            break;
          }
        }
        await agent.restart();
      }
      expect((await readRun(agent.service, kernel, runId)).stdout).toBe(numbers);
      expect((await readRun(agent.service, kernel, next)).stdout).toBe('next\n');
      expect((await go(query('print("and on")'))).stdout).toBe('and on\n');
    }, 60_000);

    it('has the output of a run that ended while it was away', async () => {
      const runId = newRunId();
      await agent.service.startRun(kernel, { runId, ...shell('', 'sleep 0.3; echo a; exit 5') } as BatchRun);
      await agent.restart();
      const { records } = await readRun(agent.service, kernel, runId);
      expect(told(records)).toEqual([
        ['build-finished', 0],
        ['stdout', 'a\n'],
        ['finished', 5],
      ]);
    });
  });

  describe('and an agent that is killed', () => {
    it('loses nothing of a flood, at whatever moment', async () => {
      const runId = newRunId();
      const code = 'import time\nfor i in range(15000):\n    print(i)\n    if i % 500 == 0: time.sleep(0.1)';
      await agent.service.startRun(kernel, { runId, ...query(code) } as never);
      await agent.restart(async () => {
        for (let life = 0; life < 4; life++) await lifeOfAnAgent(100 + 150 * life);
      });
      const { stdout } = await readRun(agent.service, kernel, runId);
      expect(stdout === Array.from({ length: 15_000 }, (_, i) => `${i}\n`).join('')).toBe(true);
    }, 120_000);

    async function lifeOfAnAgent(ms: number): Promise<void> {
      const program = new URL('../support/agent-process.mjs', import.meta.url).pathname;
      const module = new URL('../../packages/agent/dist/index.js', import.meta.url).href;
      const { logger: _logger, ...config } = agent.config;
      const child = spawn(process.execPath, [program, module, JSON.stringify(config)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await sleep(ms);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  describe('that is ended', () => {
    afterEach(async () => {
      kernel = await createKernel(agent.service, { image: docker.images.kernelPython, ...SPEC });
    }, 60_000);

    it('leaves nothing', async () => {
      await agent.service.destroyKernel(kernel, { graceMs: 0 });
      expect(agent.service.getKernel(kernel)).toMatchObject({ phase: 'terminated', reason: 'user-requested' });
      expect(readdirSync(join(agent.directory, 'scratch'))).toEqual([]);
    });

    it('behind our back ends as a session, with its streams', async () => {
      const runId = newRunId();
      await agent.service.startRun(kernel, { runId, ...query('import time; time.sleep(60)') } as never);
      const reading = readRun(agent.service, kernel, runId);
      execFileSync('docker', ['-H', `unix://${docker.socketPath}`, 'rm', '-f', `berth-${kernel}-1`]);
      await expect(reading).rejects.toMatchObject({ code: 'session-ended' });
      expect(agent.service.getKernel(kernel).reason).toBe('container-lost');
    });
  });

  it('without a network is refused, with a word why', async () => {
    const making = createKernel(agent.service, {
      image: docker.images.kernelPython,
      supervisor: 'kernel-runner',
      network: 'none',
    });
    await expect(making).rejects.toMatchObject({ code: 'create-failed', message: expect.stringContaining('bridge') });
  });
});

describeWithDocker('a terminal kernel with the kernel-runner of 2018', (docker) => {
  it('ends a query once although the runner says so twice, and publishes its terminal', async () => {
    const agent = await startTestAgent(docker);
    try {
      const kernel = await createKernel(agent.service, { image: docker.images.kernelGit, ...SPEC });
      const first = await run(agent.service, kernel, query('%ping'));
      const second = await run(agent.service, kernel, query('%resize 30 100'));
      expect(told(first.records)).toEqual([
        ['stdout', 'pong!'],
        ['finished', 0],
      ]);
      expect(second.stdout).toBe('OK; terminal resized to 30 rows and 100 cols');
      expect(await agent.service.complete(kernel, 'bash', 'ec', 2)).toEqual([]);
      const ports = execFileSync('docker', ['-H', `unix://${docker.socketPath}`, 'port', `berth-${kernel}-1`]).toString();
      expect(ports.match(/127\.0\.0\.1:\d+/g)).toHaveLength(4);
    } finally {
      await agent.stop();
    }
  }, 60_000);
});

async function* bytes(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
