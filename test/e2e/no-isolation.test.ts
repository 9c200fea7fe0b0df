/** `--isolation none`: only by being asked for, said loudly, and all of a session's life holds that does not need isolation. */
import { readdirSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Language } from '@berth/wire';
import { Berth, type Ended } from '../support/berth.js';
import { isRoot } from '../support/sandbox.js';

const LOUD = 'NO ISOLATION: CODE OF SESSIONS RUNS AS PLAIN PROCESSES OF THIS MACHINE';

/** Processes with `mark` among their arguments. */
const marked = (mark: string): string[] =>
  readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && fileOf(pid, 'cmdline').split('\0').includes(mark));

function fileOf(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** The file runs twice at the same time, as two users. */
const ALONE = `alone-${process.pid}`;
const [SLEEP, LONG_SLEEP] = [1, 2].map((n) => String(7000 + n + process.pid / 1e7));

describe('a node without isolation', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(undefined);
    // Programs of other users go through it.
    await chmod(berth.dataDir, 0o755);
    await up();
  }, 60_000);
  afterAll(() => berth.dispose());

  const up = () => berth.up(berth.spawn(['up', '--listen', '127.0.0.1:0', '--isolation', 'none'], { AGENT_SECRET: 'secret' }));
  const exec = (language: Language, code: string): Promise<Ended> => berth.run(['exec', 's', '--lang', language, '-c', code]);
  const python = (code: string): Promise<Ended> => berth.run(['run', 'python', '-c', code]);

  it('runs a program as if nothing were different, and says that nothing is isolated', async () => {
    const ended = await python('import sys; print(6*7); sys.exit(3)');
    expect(ended).toMatchObject({ stdout: '42\n', code: 3, stderr: expect.stringContaining(LOUD) as string });
  });

  it('says so in its status, with each limit that is missing', async () => {
    const { stdout } = await berth.run(['status']);
    expect(stdout).toMatch(/^driver +plain, as no isolation was asked for\nisolation NONE$/m);
    expect(stdout).toContain(LOUD);
    expect(stdout).toMatch(/The network of a session is that of this machine/);
    expect(JSON.parse((await berth.run(['status', '-o', 'json'])).stdout)).toMatchObject({ driver: 'plain', isolation: 'none' });
  });

  it('gives each session a directory, and as root a user id, of its own', async () => {
    const look = 'import os; print(os.getcwd(), os.environ["HOME"], os.getuid()); open("file", "w"); print(os.listdir())';
    const [one, two] = await Promise.all([python(look), python(look)]);
    const [place, home, uid] = one.stdout.split('\n')[0]!.split(' ');
    expect(place).toContain(join(berth.dataDir, 'scratch'));
    expect(home).toBe(place);
    expect(one.stdout).toMatch(/\['file'\]\n$/);
    expect(two.stdout.split('\n')[0]).not.toBe(one.stdout.split('\n')[0]);
    expect(Number(uid) >= 1_900_000_000).toBe(isRoot);
  });

  it('lets nothing of its own environment or descriptors in', async () => {
    const look = 'import os; print([n for n in os.environ if "SECRET" in n], sorted(map(int, os.listdir("/proc/self/fd")))[:-1])';
    expect((await python(look)).stdout).toBe('[] [0, 1, 2]\n');
  });

  it.runIf(isRoot)('keeps the runner and the files of others from a session by its user id', async () => {
    const look = `
import os, socket
run = [d for d in os.listdir(os.path.dirname(os.getcwd()))] if os.access(os.path.dirname(os.getcwd()), os.R_OK) else []
def can(fn):
    try: fn(); return True
    except OSError: return False
beside = os.path.dirname(os.getcwd())
print(run, can(lambda: os.listdir(beside + '/run-1')), can(lambda: socket.socket(socket.AF_UNIX).connect(beside + '/run-1/runner.sock')))
print(can(lambda: os.listdir('${berth.dataDir}/state')), can(lambda: open('${berth.dataDir}/key')), can(lambda: os.listdir('/root')))`;
    expect((await python(look)).stdout).toBe('[] False False\nFalse False False\n');
  });

  it('refuses what it cannot give: a bridge, another root', async () => {
    const bridge = await berth.run(['run', '--network', 'bridge', 'true']);
    expect(bridge).toMatchObject({ stdout: '', stderr: expect.stringContaining('no network bridge') as string });
    const image = await berth.run(['run', '--image', '/usr', 'true']);
    expect(image.stderr).toContain('without isolation there is only `host`');
  });

  it('ends what a run leaves behind, also what left its session, and the language session lives on', async () => {
    await berth.client.createSession({ sessionId: 's', spec: { image: 'host', leaseSeconds: 600 } });
    await exec('python', 'x = 41');
    const daemon = `import os\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: os.execvp("sleep", ["sleep", "${SLEEP}"])\n  os._exit(0)\nos.wait()`;
    const runs = ['run', 'python', '-c', `${daemon}\nimport time; time.sleep(0.3)`];
    expect((await berth.run(runs)).code).toBe(0);
    expect(marked(SLEEP!)).toEqual([]);
    expect((await exec('python', 'print(x + 1)')).stdout).toBe('42\n');
  });

  it('loses no session by kill -9, and takes it over', async () => {
    await berth.kill9();
    await up();
    expect((await exec('python', 'print(x + 1)')).stdout).toBe('42\n');
  }, 30_000);

  it('ends a session with all that its programs started when the runner is killed', async () => {
    await exec('bash', `(exec setsid sleep ${LONG_SLEEP} </dev/null >/dev/null 2>&1 &)`);
    await expect.poll(() => marked(LONG_SLEEP!).length).toBe(1);
    const runner = marked(join(berth.dataDir, 'scratch', 's', 'run-1')).find((pid) => !/^(tini|sh)\n$/.test(fileOf(pid, 'comm')));
    process.kill(Number(runner), 'SIGKILL');
    await expect.poll(() => marked(LONG_SLEEP!), { timeout: 10_000 }).toEqual([]);
    await expect.poll(async () => (await berth.client.listSessions()).length, { timeout: 10_000 }).toBe(0);
  }, 30_000);

  it('leaves its session to end by itself when it never comes back', async () => {
    await berth.client.createSession({ sessionId: ALONE, spec: { image: 'host', deadManSeconds: 5 } });
    const kernelId = ALONE;
    expect(marked(kernelId)).not.toEqual([]);
    await berth.kill9();
    await expect.poll(() => marked(kernelId), { timeout: 20_000 }).toEqual([]);
    await up();
    await expect.poll(async () => (await berth.client.listSessions()).length, { timeout: 10_000 }).toBe(0);
  }, 60_000);

  it('leaves nothing of a session', () => {
    expect(readdirSync(join(berth.dataDir, 'scratch'))).toEqual([]);
    expect(readdirSync(join(berth.dataDir, 'state', 'sandboxes'))).toEqual([]);
  });

  it('is not what a later start chooses for its sessions', async () => {
    await berth.client.createSession({ sessionId: 'stays', spec: { image: 'host' } });
    await berth.run(['down']);
    const refused = await berth.run(['up', '--listen', '127.0.0.1:0', '--driver', 'sandbox']);
    expect(refused).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/made by the driver plain.*--isolation none/) as string,
    });
    await up();
    expect((await berth.client.listSessions()).map(({ sessionId }) => sessionId)).toEqual(['stays']);
  }, 30_000);
});

describe('no isolation', () => {
  let berth: Berth;
  beforeAll(async () => void (berth = await Berth.create(undefined)));
  afterAll(() => berth.dispose());

  const NOTHING = { DOCKER_HOST: 'unix:///nowhere/docker.sock', BERTH_BUBBLEWRAP: '/nowhere/bwrap' };

  it('is never chosen by itself, where neither Docker nor sandboxes can be had', async () => {
    const refused = await berth.run(['run', 'true'], { env: NOTHING });
    expect(refused.stderr).toMatch(/Docker cannot be used.*nor sandboxes.*install bubblewrap/);
    expect([refused.stdout, refused.code]).not.toEqual(['', 0]);
  });

  it('is started by `berth run` when it is asked for', async () => {
    const ended = await berth.run(['run', '--isolation', 'none', 'python', '-c', 'print(6*7)'], { env: NOTHING });
    expect(ended).toMatchObject({ stdout: '42\n', code: 0, stderr: expect.stringContaining(LOUD) as string });
  }, 30_000);

  it.runIf(isRoot)('is refused to root when only a variable says so', async () => {
    const refused = await berth.run(['up'], { env: { BERTH_ISOLATION: 'none' } });
    expect(refused.stderr).toMatch(/BERTH_ISOLATION says that there be no isolation.*`--isolation none`/);
    expect(refused.code).not.toBe(0);
  });

  it('contradicts a driver', async () => {
    const refused = await berth.run(['up', '--isolation', 'none', '--driver', 'docker']);
    expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining('Leave out one of the two') as string });
  });

  it('is one of two words', async () => {
    expect((await berth.run(['up', '--isolation', 'some'])).stderr).toContain(
      '--isolation is "some": it must be one of sandboxed, none',
    );
  });
});
