/** A session as a manager 1.4 lives it: the agent in a process of its own, everything around it real. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dumpEtcd } from '../support/etcd.js';
import { announceManager, ManagedAgent } from '../support/managed-agent.js';
import { describeWithManager, freshNamespace } from '../support/manager-world.js';
import { kernelConfig, Manager, textOf } from '../support/manager.js';
import { ManagerSide } from '../support/python.js';
import { redisCli } from '../support/redis.js';

const FOLDER = 'ab'.repeat(16);

describeWithManager('a manager 1.4 and its agent', ({ docker, etcd, redis, python }) => {
  const namespace = freshNamespace();
  let side: ManagerSide;
  let manager: Manager;
  let agent: ManagedAgent;
  let folders: string;
  beforeAll(async () => {
    folders = await mkdtemp(join(tmpdir(), 'berth-folders-'));
    await mkdir(join(folders, 'local', FOLDER), { recursive: true });
    await chmod(join(folders, 'local', FOLDER), 0o777);
    side = await ManagerSide.start(python);
    const images = {
      'python:3.6-debian': docker.images.debian,
      'git:latest': 'berth-test/tty:1',
      'python:2018': docker.images.kernelPython,
    };
    await tagTty(docker.socketPath, docker.images.debian);
    agent = await ManagedAgent.start({
      docker,
      etcd: etcd.address,
      namespace,
      instanceId: 'i-h1',
      images,
      flags: ['--kernel-runner', 'python:2018'],
    });
    manager = new Manager(side, agent.address);
  }, 60_000);
  afterAll(async () => {
    await agent?.dispose();
    await side?.stop();
    await rm(folders, { recursive: true, force: true });
  });

  const keys = () => dumpEtcd(etcd.address, `/sorna/${namespace}/nodes/agents/`);
  const key = (rest = '') => `/sorna/${namespace}/nodes/agents/i-h1${rest}`;
  const inspect = async (containerId: unknown) => {
    const { stdout } = await promisify(execFile)('docker', ['-H', `unix://${docker.socketPath}`, 'inspect', String(containerId)]);
    return (JSON.parse(stdout) as Inspected[])[0]!;
  };

  it('waits as "starting" until there is a manager, then is "running" and tells it at once', { timeout: 30_000 }, async () => {
    expect(await keys()).toEqual(new Map([[key(), 'starting']]));
    const eventAddress = await manager.listen();
    await announceManager(etcd.address, namespace, { eventAddress, redis: redis.address, folderRoot: folders });
    const began = Date.now();
    await manager.event('instance_started', ({ instance, args }) => instance === 'i-h1' && args.length === 0);
    const { args, kinds, images } = await manager.event('instance_heartbeat');
    expect(Date.now() - began).toBeLessThan(3000);
    expect(kinds).toEqual({
      ip: 'str',
      region: 'str',
      addr: 'str',
      mem_slots: 'int',
      cpu_slots: 'int',
      gpu_slots: 'str',
      images: 'bytes',
    });
    expect(args[0]).toMatchObject({ ip: '127.0.0.1', region: 'local/unknown', addr: agent.address, gpu_slots: '0.0' });
    expect(images!.map(([name]) => name)).toEqual(expect.arrayContaining(['git:latest', 'python:3.6-debian']));
    expect(await keys()).toEqual(
      new Map([
        [key(), 'running'],
        [key('/ip'), '127.0.0.1'],
      ]),
    );
  });

  it('sends a heartbeat every three seconds', { timeout: 20_000 }, async () => {
    const from = manager.seen.length;
    await manager.event('instance_heartbeat', undefined, from);
    const began = Date.now();
    await manager.event('instance_heartbeat', undefined, manager.seen.length);
    expect(Date.now() - began).toBeGreaterThan(2000);
    expect(Date.now() - began).toBeLessThan(4500);
  });

  const K = randomUUID();
  let created: Record<string, unknown>;
  it('creates a kernel within the three seconds that the manager waits', { timeout: 20_000 }, async () => {
    await writeFile(join(folders, 'local', FOLDER, 'given'), 'from the folder');
    created = await manager.create(
      K,
      kernelConfig('python:3.6-debian', { environ: { WHO: 'me' }, mounts: [['data', 'local', FOLDER]] }),
    );
    expect(created).toMatchObject({
      id: K,
      kernel_host: '127.0.0.1',
      container_id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    await manager.event('kernel_creating', ({ args }) => args[0] === K);
    const { HostConfig, Config, Name } = await inspect(created['container_id']);
    const bytes = 256 * 2 ** 20;
    expect(HostConfig).toMatchObject({
      Memory: bytes,
      MemorySwap: bytes,
      NanoCpus: 1e9,
      NetworkMode: 'bridge',
      ReadonlyRootfs: true,
    });
    expect(HostConfig.CpusetCpus).toMatch(/^\d+$/);
    expect((JSON.parse(String(created['resource_spec'])) as { cpu_set: number[] }).cpu_set.join(',')).toBe(HostConfig.CpusetCpus);
    expect(Config.Env.join('\n')).not.toContain('WHO');
    expect(Name).toBe(`/berth-${K}-1`);
  });

  it('runs code, with its variables, in the polled way', { timeout: 30_000 }, async () => {
    const first = await manager.execute(
      K,
      null,
      'query',
      'import os\nx = 6\nprint(os.environ["WHO"], open("data/given").read())',
    );
    expect(first).toMatchObject({ status: 'finished', exitCode: 0, console: [['stdout', 'me from the folder\n']] });
    const slow = 'import time\nfor i in range(4):\n    print(i * x)\n    time.sleep(1)';
    const { stdout, statuses } = await manager.run(K, 'slow', 'query', slow);
    expect(stdout).toBe('0\n6\n12\n18\n');
    expect([statuses[0], statuses.at(-1)]).toEqual(['continued', 'finished']);
  });

  it('asks for input, and gets it', { timeout: 20_000 }, async () => {
    const asked = await manager.execute(K, 'ask', 'query', 'print("hello", input("who? "))');
    expect(asked).toMatchObject({ status: 'waiting-input', options: {}, console: [['stdout', 'who? ']] });
    const { stdout } = await manager.follow(K, 'ask', await manager.execute(K, 'ask', 'input', 'bob'));
    expect(stdout).toBe('hello bob\n');
  });

  it('takes files, builds and runs them, and tells what they left', { timeout: 30_000 }, async () => {
    await manager.call('upload_file', K, 'src/main.py', Buffer.from('print("built", open("made").read())\n'));
    const opts = {
      build: 'echo building; printf it > made',
      exec: 'python3 src/main.py; mkdir -p .output; echo x > .output/result.txt',
    };
    const { stdout, statuses, last } = await manager.run(K, 'batch', 'batch', '', opts);
    expect([stdout, statuses.includes('build-finished'), last.exitCode]).toEqual(['building\nbuilt it\n', true, 0]);
    expect(last.files).toEqual([{ name: 'result.txt', url: '#dummy-upload' }]);
    const failing = await manager.run(K, 'failing', 'batch', '', { build: 'echo hi; exit 3', exec: 'echo never' });
    expect([failing.stdout, failing.last.exitCode]).toEqual(['hi\n', 127]);
  });

  it('lists and gives files, as a tar that others can read', { timeout: 20_000 }, async () => {
    const { files, abspath } = (await manager.call('list_files', K, 'src')) as { files: string; abspath: string };
    expect(JSON.parse(files)).toEqual([expect.objectContaining({ filename: 'main.py', mode: '-rw-r--r--' })]);
    expect(abspath).toBe('/home/work/src\n');
    const tar = join(folders, 'download.tar');
    await writeFile(tar, (await manager.call('download_file', K, 'src')) as Buffer);
    const { stdout } = await promisify(execFile)('tar', ['-xOf', tar, 'src/main.py']);
    expect(stdout).toContain('print("built"');
  });

  it('interrupts, completes and tells its log', { timeout: 20_000 }, async () => {
    const first = await manager.execute(K, 'endless', 'query', 'import time\nprint("begun", flush=True)\ntime.sleep(1000)');
    expect(textOf(first, 'stdout')).toBe('begun\n');
    await manager.call('interrupt_kernel', K);
    const { last } = await manager.follow(K, 'endless', first);
    expect(textOf(last, 'stderr')).toContain('KeyboardInterrupt');
    expect(await manager.call('get_completions', K, 'os.pat', {})).toMatchObject({
      status: 'finished',
      completions: expect.arrayContaining(['os.path']) as string[],
    });
    expect(await manager.call('get_logs', K)).toEqual({ logs: expect.stringContaining('hello bob') as string });
  });

  it('writes what the kernel uses to Redis, whole numbers that expire', { timeout: 30_000 }, async () => {
    await manager.run(K, 'burn', 'query', 'import time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass');
    const hash = await redisHash(redis.port, K, (h) => Number(h.get('cpu_used')) > 1000);
    expect([...hash.keys()].sort()).toEqual(FIELDS);
    for (const [name, value] of hash)
      if (name !== 'cpu_used') expect([name, value]).toEqual([name, expect.stringMatching(/^\d+$/)]);
    expect(Number(hash.get('mem_cur_bytes'))).toBeGreaterThan(1e6);
    expect(Number((await redisCli(redis.port, 'ttl', K))[0])).toBeGreaterThan(20);
    const status = JSON.parse(await agent.berth('status', '-o', 'json')) as { links: readonly { name: string; ok: boolean }[] };
    expect(status.links.map(({ name, ok }) => [name, ok])).toEqual([
      ['etcd', true],
      ['redis', true],
      ['manager', true],
    ]);
  });

  it('is killed in the middle of a run, comes back, and not a line is missing or told twice', { timeout: 60_000 }, async () => {
    const code = 'import time\nfor i in range(40):\n    print(i, flush=True)\n    time.sleep(0.1)';
    const first = await manager.execute(K, 'counting', 'query', code);
    expect(first.status).toBe('continued');
    await agent.kill9();
    await agent.up();
    const { stdout, last } = await manager.follow(K, 'counting', first);
    expect(stdout).toBe(Array.from({ length: 40 }, (_, i) => `${i}\n`).join(''));
    expect(last.exitCode).toBe(0);
    expect((await manager.execute(K, null, 'query', 'print(x)')).console).toEqual([['stdout', '6\n']]);
  });

  it('restarts a kernel: another container, the same files, no end told', { timeout: 30_000 }, async () => {
    const from = manager.seen.length;
    const restarted = (await manager.call('restart_kernel', K, {
      lang: 'x',
      mounts: [],
      limits: {},
      environ: {},
    })) as typeof created;
    expect(Object.keys(restarted).sort()).toEqual([
      ...['container_id', 'cpu_set', 'gpu_set', 'repl_in_port', 'repl_out_port', 'stdin_port', 'stdout_port'],
    ]);
    expect(restarted['container_id']).not.toBe(created['container_id']);
    const { console } = await manager.execute(K, null, 'query', 'import os\nprint(os.path.exists("src/main.py"), "x" in dir())');
    expect(console).toEqual([['stdout', 'True False\n']]);
    expect(manager.seen.slice(from).filter(({ name }) => name === 'kernel_terminated')).toEqual([]);
  });

  it(
    'ends a kernel: the last statistics are in Redis before the manager is told, and nothing is left',
    { timeout: 30_000 },
    async () => {
      const statistics = await manager.call('destroy_kernel', K);
      expect(Object.keys(statistics as object).sort()).toEqual(FIELDS);
      const { args } = await manager.terminated(K);
      expect(args).toEqual([K, 'user-requested', expect.objectContaining({ cpu_used: expect.any(Number) as number })]);
      const told = (args[2] as Record<string, number>)['cpu_used']!;
      expect(Number((await redisCli(redis.port, 'hget', K, 'cpu_used'))[0])).toBeCloseTo(told, 3);
      expect(await readdir(agent.scratchRoot)).toEqual([]);
      await expect(inspect(`berth-${K}-2`)).rejects.toThrow(/No such object/i);
    },
  );

  it("refuses what it does not have, in Python's words, and frees it at the manager", { timeout: 20_000 }, async () => {
    const from = manager.seen.length;
    const { error } = await manager.ending('execute', 2, K, null, 'query', '1', {});
    expect(error!.type).toBe('builtins.RuntimeError');
    await manager.terminated(K, from);
    expect((await manager.ending('create_kernel', randomUUID(), kernelConfig('r:3'))).error!.type).toBe('builtins.RuntimeError');
    expect((await manager.ending('nope')).error!.type).toContain('NotFoundError');
  });

  it('gives a kernel with a terminal to the manager, over a restart of the agent too', { timeout: 60_000 }, async () => {
    const T = randomUUID();
    const { stdin_port, stdout_port } = await manager.create(T, kernelConfig('git:latest'));
    const terminal = await side.terminal(`tcp://127.0.0.1:${String(stdin_port)}`, `tcp://127.0.0.1:${String(stdout_port)}`);
    const screen = { send: terminal.send, shown: terminal.events[Symbol.asyncIterator]() };
    await typed(screen, 'echo $((6*7))\n', '42');
    expect(await manager.execute(T, null, 'query', '%resize 40 132')).toMatchObject({ status: 'finished' });
    await typed(screen, 'stty size\n', '40 132');
    await typed(screen, 'kept=yes; echo "<${kept}>"\n', '<yes>');
    await agent.kill9();
    await agent.up();
    await typed(screen, 'echo "<$kept>"\n', '<yes>');
    await terminal.close();
    await manager.call('destroy_kernel', T);
  });

  it(
    'drives the genuine runner of 2018 where an image brings it, over a restart of the agent too',
    { timeout: 60_000 },
    async () => {
      const G = randomUUID();
      const { repl_in_port, repl_out_port } = await manager.create(G, kernelConfig('python:2018', { mem: '0.5' }));
      expect([repl_in_port, repl_out_port].map(Number).every((port) => port > 1024)).toBe(true);
      expect((await manager.execute(G, null, 'query', 'y = 5\nprint(y + 1)')).console).toEqual([['stdout', '6\n']]);
      const { stdout, last } = await manager.run(G, 'failing', 'batch', '', { build: 'echo hi; exit 3', exec: 'echo never' });
      expect([stdout, last.exitCode]).toEqual(['hi\n', 127]);
      const first = await manager.execute(
        G,
        'counting',
        'query',
        'import time\nfor i in range(30):\n    print(i)\n    time.sleep(0.1)',
      );
      await agent.kill9();
      await agent.up();
      const counted = await manager.follow(G, 'counting', first);
      expect(counted.stdout).toBe(Array.from({ length: 30 }, (_, i) => `${i}\n`).join(''));
      await manager.call('destroy_kernel', G);
      await manager.terminated(G);
    },
  );

  it('tells of a kernel that died while the agent was away', { timeout: 30_000 }, async () => {
    const D = randomUUID();
    const { container_id } = await manager.create(D, kernelConfig('python:3.6-debian'));
    await agent.kill9();
    await promisify(execFile)('docker', ['-H', `unix://${docker.socketPath}`, 'rm', '-f', String(container_id)]);
    await agent.up();
    expect((await manager.terminated(D)).args[1]).toBe('self-terminated');
  });

  it(
    'leaves its kernels when it is stopped, takes its own keys and no others, and finds the kernels again',
    { timeout: 60_000 },
    async () => {
      const images = { 'python:3.6-debian': docker.images.debian };
      const other = await ManagedAgent.start({ docker, etcd: etcd.address, namespace, instanceId: 'i-h10', images });
      // The same name in another namespace: there is no manager for it.
      const elsewhere = `${namespace}-b`;
      const namesake = await ManagedAgent.start({ docker, etcd: etcd.address, namespace: elsewhere, instanceId: 'i-h1', images });
      try {
        const L = randomUUID();
        await manager.create(L, kernelConfig('python:3.6-debian'));
        await manager.execute(L, null, 'query', 'kept = 42');
        const from = manager.seen.length;
        const began = Date.now();
        expect(await agent.term()).toBe(0);
        expect(Date.now() - began).toBeLessThan(5000);
        await manager.event('instance_terminated', ({ instance, args }) => instance === 'i-h1' && args[0] === 'shutdown', from);
        expect([...(await keys()).keys()].filter((name) => !name.includes('i-h10'))).toEqual([]);
        expect((await keys()).get(`/sorna/${namespace}/nodes/agents/i-h10`)).toBe('running');
        const untouched = new Map([[`/sorna/${elsewhere}/nodes/agents/i-h1`, 'starting']]);
        expect(await dumpEtcd(etcd.address, `/sorna/${elsewhere}/`)).toEqual(untouched);
        await agent.up();
        expect((await manager.execute(L, null, 'query', 'print(kept)')).console).toEqual([['stdout', '42\n']]);
        // The others know nothing of it, and have not touched it.
        for (const { address } of [other, namesake]) {
          expect((await new Manager(side, address).ending('execute', 2, L, null, 'query', '1', {})).error).toBeDefined();
        }
        await manager.call('destroy_kernel', L);
      } finally {
        await other.dispose();
        await namesake.dispose();
      }
    },
  );

  it('never said a secret or a stack trace', async () => {
    expect(agent.log).not.toMatch(/^\s+at /m);
    expect(await readFile(join(agent.directory, 'state', 'key'), 'utf8')).not.toBe('');
    expect(agent.log).not.toContain((await readFile(join(agent.directory, 'state', 'key'), 'utf8')).trim());
  });
});

const FIELDS = [
  ...['cpu_used', 'io_cur_scratch_size', 'io_max_scratch_size', 'io_read_bytes', 'io_write_bytes'],
  ...['mem_cur_bytes', 'mem_max_bytes', 'net_rx_bytes', 'net_tx_bytes'],
];

interface Inspected {
  readonly Name: string;
  readonly HostConfig: Readonly<Record<string, unknown>> & { readonly CpusetCpus: string };
  readonly Config: { readonly Env: readonly string[] };
}

/** An image like the one given that asks for a terminal. */
async function tagTty(socketPath: string, image: string): Promise<void> {
  const docker = ['-H', `unix://${socketPath}`];
  const build = execFile('docker', [...docker, 'build', '-q', '-t', 'berth-test/tty:1', '-'], () => {});
  build.stdin!.end(`FROM ${image}\nLABEL ai.backend.features="query tty"\n`);
  await new Promise((resolve) => build.once('close', resolve));
}

async function redisHash(port: number, name: string, fits: (hash: Map<string, string>) => boolean): Promise<Map<string, string>> {
  for (;;) {
    const lines = await redisCli(port, 'hgetall', name);
    const hash = new Map(lines.flatMap((line, index) => (index % 2 === 0 ? [[line, lines[index + 1] ?? ''] as const] : [])));
    if (fits(hash)) return hash;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Types until the terminal shows what is wanted: a PUB loses what it sends before its peer has come. `shown` is one iterator for the whole
 * life of the terminal.
 */
async function typed(
  { send, shown }: { readonly send: (...frames: Buffer[]) => Promise<void>; readonly shown: AsyncIterator<Buffer[]> },
  text: string,
  wanted: string,
): Promise<void> {
  let seen = '';
  const again = setInterval(() => void send(Buffer.from(text)), 500);
  try {
    await send(Buffer.from(text));
    // What is typed comes back as an echo; the answer stands outside it.
    while (!seen.replaceAll(text.trim(), '').includes(wanted)) {
      const next = await shown.next();
      if (next.done) throw new Error(`the terminal ended: ${seen}`);
      seen += Buffer.concat(next.value).toString();
    }
  } finally {
    clearInterval(again);
  }
}
