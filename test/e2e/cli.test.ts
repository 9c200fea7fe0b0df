/** The command line as a new user meets it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Berth, collect } from '../support/berth.js';
import { describeWithDocker } from '../support/services.js';

const json = <T>(text: string): T => JSON.parse(text) as T;

describeWithDocker('berth run with no node running', (docker) => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(docker);
  });
  afterAll(() => berth.dispose());

  it('prints what the program prints and nothing else, and starts a node that ends by itself', async () => {
    const ended = await berth.run(['run', 'python', '-c', 'print(6*7)']);
    expect([ended.stdout, ended.code]).toEqual(['42\n', 0]);
    const pid = berth.nodePid!;
    expect(pid).toBeGreaterThan(0);
    while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(berth.nodePid).toBeUndefined();
  }, 60_000);

  it('in the built-in image host runs the Python of the machine', async () => {
    const ended = await berth.run(['run', '--image', 'host', 'python', '-c', 'print(6*7)']);
    expect([ended.stdout, ended.code]).toEqual(['42\n', 0]);
  }, 60_000);
});

describeWithDocker('berth run', (docker) => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(docker);
    await berth.up();
  }, 60_000);
  afterAll(() => berth.dispose());

  const codes: [string, string, number][] = [
    ['sys.exit(3)', 'import sys; sys.exit(3)', 3],
    ['an uncaught exception', '1/0', 1],
    ['a signal', 'import os; os.kill(os.getpid(), 15)', 143],
  ];
  for (const [what, code, expected] of codes) {
    it(`ends with the exit code of the program: ${what}`, async () => {
      expect((await berth.run(['run', 'python', '-c', code])).code).toBe(expected);
    });
  }

  it('takes code from standard input with -', async () => {
    expect((await berth.run(['run', 'python', '-'], { input: 'print(6*7)\n' })).stdout).toBe('42\n');
  });

  it('uploads a script and hands on its arguments', async () => {
    await writeFile(join(berth.dataDir, 'script.py'), 'import sys; print(sys.argv[1:])');
    expect((await berth.run(['run', 'python', 'script.py', 'a', '--b'])).stdout).toBe("['a', '--b']\n");
  });

  it('hands on standard input and environment', async () => {
    const ended = await berth.run(['run', '--env', 'WHO=me', 'python', '-c', 'import os; print(input(), os.environ["WHO"])'], {
      input: 'hello\n',
    });
    expect(ended.stdout).toBe('hello me\n');
  });

  it('shows lines as they are printed', async () => {
    const child = berth.spawn(['run', 'python', '-c', 'import time; print("first"); time.sleep(3); print("second")']);
    child.stdin.end();
    const ended = collect(child);
    const arrivals: { text: string; at: number }[] = [];
    child.stdout.on('data', (chunk: Buffer) => arrivals.push({ text: chunk.toString(), at: performance.now() }));
    expect((await ended).stdout).toBe('first\nsecond\n');
    const first = arrivals[0]!;
    const second = arrivals.find(({ text }) => text.startsWith('second'))!;
    expect(first.text).toMatch(/^first/);
    expect(second.at - first.at).toBeGreaterThan(2000);
  });

  it('passes the first Ctrl-C as an interrupt', async () => {
    const child = berth.spawn(['run', 'python', '-c', 'import time\nprint("up", flush=True)\ntime.sleep(1000)']);
    const ended = collect(child);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { stderr, code } = await ended;
    expect(stderr).toContain('KeyboardInterrupt');
    expect([1, 130]).toContain(code);
  });

  it('kills at the second Ctrl-C', async () => {
    const child = berth.spawn([
      'run',
      'python',
      '-c',
      'import signal, time\nsignal.signal(2, signal.SIG_IGN)\nprint("up", flush=True)\ntime.sleep(1000)',
    ]);
    const ended = collect(child);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGINT');
    expect((await ended).code).toBe(137);
  });

  it('killed with -9 leaks nothing: the lease ends its session', async () => {
    const child = berth.spawn(['run', '--lease', '2s', 'python', '-c', 'import time\nprint("up", flush=True)\ntime.sleep(1000)']);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const sessions = async () => json<{ sessions: unknown[] }>((await berth.run(['ps', '-o', 'json'])).stdout).sessions;
    expect(await sessions()).toHaveLength(1);
    while ((await sessions()).length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  }, 30_000);
});

describeWithDocker('sessions that are kept', (docker) => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(docker);
    await berth.up();
  }, 60_000);
  afterAll(() => berth.dispose());

  it('survive berth down and come back with berth up, with their variables', async () => {
    expect((await berth.run(['run', '--keep', '--name', 'lasting', 'python', '-c', 'print(1)'])).code).toBe(0);
    expect((await berth.run(['exec', 'lasting', '-c', 'x = 41'])).code).toBe(0);
    expect((await berth.run(['down'])).code).toBe(0);
    expect(json((await berth.run(['status', '-o', 'json'])).stdout)).toMatchObject({ running: false });
    await berth.up();
    expect((await berth.run(['exec', 'lasting', '-c', 'x + 1'])).stdout).toBe('42\n');
  }, 30_000);

  it('are listed, run programs beside the language session, keep logs, and are removed', async () => {
    expect((await berth.run(['ps'])).stdout).toContain('lasting');
    expect(await berth.run(['exec', 'lasting', '--', 'sh', '-c', 'echo beside; exit 4'])).toMatchObject({
      stdout: 'beside\n',
      code: 4,
    });
    expect((await berth.run(['logs', 'lasting'])).stdout).toBe('beside\n');
    expect((await berth.run(['rm', 'lasting'])).code).toBe(0);
    expect((await berth.run(['ps', '-o', 'json'])).stdout).not.toContain('lasting');
  });

  it('are ended by down --terminate', async () => {
    await berth.run(['run', '--keep', '--name', 'doomed', 'python', '-c', 'print(1)']);
    expect((await berth.run(['down', '--terminate'])).code).toBe(0);
    await berth.up();
    expect(json((await berth.run(['ps', '-o', 'json'])).stdout)).toMatchObject({ sessions: [] });
  }, 30_000);

  it('status tells what the node is', async () => {
    const status = json<Record<string, unknown>>((await berth.run(['status', '-o', 'json'])).stdout);
    expect(status).toMatchObject({ running: true, pid: berth.nodePid, driver: 'docker', dataDir: berth.dataDir });
    expect(String(status['endpoint'])).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe('bad input gives one clear line and an exit code, and leaves nothing', () => {
  const one = (text: string) => {
    expect(text.trim().split('\n')).toHaveLength(1);
    expect(text).toMatch(/^berth: /);
    expect(text).not.toMatch(/\n\s+at /);
  };

  it('no Docker', async () => {
    const berth = await Berth.create(undefined);
    const ended = await berth.run(['up', '--driver', 'docker', '--listen', '127.0.0.1:0'], {
      env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    one(ended.stderr);
    expect([ended.stderr.includes('Docker'), ended.code]).toEqual([true, 69]);
    await berth.dispose();
  });

  it.skipIf(process.getuid?.() === 0)("no permission on Docker's socket", async () => {
    const berth = await Berth.create(undefined);
    const socket = join(berth.dataDir, 'docker.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    await chmod(socket, 0);
    const ended = await berth.run(['up', '--driver', 'docker', '--listen', '127.0.0.1:0'], {
      env: { DOCKER_HOST: `unix://${socket}` },
    });
    one(ended.stderr);
    expect([ended.stderr.includes('group `docker`'), ended.code]).toEqual([true, 77]);
    server.close();
    await berth.dispose();
  });

  it.skipIf(process.getuid?.() !== 0)('a full disk', async () => {
    const berth = await Berth.create(undefined);
    const full = join(berth.dataDir, 'full');
    await mkdir(full);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', full]);
    await writeFile(join(full, 'fill'), Buffer.alloc(8192)).catch(() => {});
    const ended = await berth.run(['up', '--listen', '127.0.0.1:0'], { env: { BERTH_DATA_DIR: join(full, 'data') } });
    execFileSync('umount', [full]);
    one(ended.stderr);
    expect(ended.code).toBe(74);
    await berth.dispose();
  });

  it('a wrong flag, with a suggestion', async () => {
    const berth = await Berth.create(undefined);
    const ended = await berth.run(['up', '--lissen', 'x']);
    one(ended.stderr);
    expect([ended.stderr.includes('--listen'), ended.code]).toEqual([true, 64]);
    await berth.dispose();
  });

  it('a data directory that is a file', async () => {
    const berth = await Berth.create(undefined);
    await writeFile(join(berth.dataDir, 'file'), '');
    const ended = await berth.run(['up'], { env: { BERTH_DATA_DIR: join(berth.dataDir, 'file') } });
    one(ended.stderr);
    expect(ended.code).toBe(74);
    await berth.dispose();
  });

  describeWithDocker('with a node', (docker) => {
    let berth: Berth;
    beforeAll(async () => {
      berth = await Berth.create(docker);
      await berth.up();
    }, 60_000);
    afterAll(() => berth.dispose());

    const cases: [string, string[], number][] = [
      ['an unknown image', ['run', '--image', 'no/such:image', 'python', '-c', '1'], 69],
      ['no such session', ['exec', 'nobody', '-c', '1'], 69],
      ['an unreadable script', ['run', 'python', '/root/none/script.py'], 66],
      ['too little memory', ['run', '--mem', '1m', 'python', '-c', '1'], 64],
      ['a bad name', ['run', '--name', '../x', 'python', '-c', '1'], 64],
      ['a second node on the data directory', ['up', '--listen', '127.0.0.1:0'], 73],
      ['an unknown command', ['rum', 'python'], 64],
      ['a language that the image lacks', ['exec', 'nobody2', '-c', '1'], 69],
    ];
    for (const [what, args, code] of cases) {
      it(what, async () => {
        const ended = await berth.run(args);
        one(ended.stderr);
        expect([ended.stdout, ended.code]).toEqual(['', code]);
      });
    }

    it('a port in use', async () => {
      const other = await Berth.create(docker);
      const { endpoint } = json<{ endpoint: string }>((await berth.run(['status', '-o', 'json'])).stdout);
      const ended = await other.run(['up', '--listen', endpoint.replace('http://', '')]);
      one(ended.stderr);
      expect(ended.code).toBe(73);
      await other.dispose();
    });

    it('a path longer than a socket name may be is none: it works', async () => {
      const deep = await Berth.create(docker);
      const long = join(deep.dataDir, 'x'.repeat(120), 'y'.repeat(120));
      const ended = await deep.run(['run', 'python', '-c', 'print(6*7)'], { env: { BERTH_DATA_DIR: long } });
      expect([ended.stdout, ended.code]).toEqual(['42\n', 0]);
      await deep.run(['down', '--terminate'], { env: { BERTH_DATA_DIR: long } });
      await deep.dispose();
    }, 30_000);

    it('leaves no session', async () => {
      expect(json((await berth.run(['ps', '-o', 'json'])).stdout)).toMatchObject({ sessions: [] });
    });
  });
});
