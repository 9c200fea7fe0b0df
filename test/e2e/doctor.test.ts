/** The doctor's probes on a real Docker: green as it is, and red each when the one thing that it looks for is switched off. */
import { mkdtemp, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KernelService } from '@berth/wire';
import { DockerDriver } from '../../packages/agent/src/adapters/docker/index.js';
import { openDoctor, type Finding } from '../../packages/agent/src/commands/doctor/index.js';
import { PROBES } from '../../packages/agent/src/commands/doctor/probes/index.js';
import type { ContainerPlan, Driver } from '../../packages/agent/src/ports/driver.js';
import { EditingDocker, type CreateBody } from '../../packages/agent/testing/editing-docker.js';
import { Berth, collect } from '../support/berth.js';
import { describeWithDocker } from '../support/services.js';

const GIB = 1024 ** 3;

/** What is switched off: of the plan, of what Docker is told, or of the service. */
interface Fault {
  readonly plan?: (plan: ContainerPlan, directory: string) => Partial<ContainerPlan>;
  readonly create?: (body: CreateBody) => CreateBody;
  readonly service?: (real: KernelService) => Partial<KernelService>;
  /** What the finding must say. */
  readonly says: RegExp;
}

const mounting = (target: string, name: string): NonNullable<Fault['plan']> => {
  return ({ mounts }, directory) => ({ mounts: [...mounts, { source: join(directory, name), target, readOnly: true }] });
};
const hostConfig = (changes: Record<string, unknown>) => (body: CreateBody) => ({
  ...body,
  HostConfig: { ...body.HostConfig, ...changes },
});

const FAULTS: readonly (readonly [id: string, what: string, fault: Fault])[] = [
  ['start', 'the program of a container', { plan: () => ({ command: ['/bin/false'] }), says: /./ }],
  ['memory', 'the memory limit', { plan: () => ({ memoryBytes: 4 * GIB }), says: /took twice its 128 MiB and lived/ }],
  ['pids', 'the limit of processes', { plan: () => ({ pids: 2000 }), says: /80 processes were made where 64 are allowed/ }],
  ['cpu', 'the CPU limit', { plan: () => ({ cpus: 2 }), says: /of a core were used where 0\.1 is allowed/ }],
  [
    'time',
    'the time limit',
    {
      service: (real) => ({ startRun: (id, { timeoutMs: _, ...request }) => real.startRun(id, request) }),
      says: /ran on past its 1 s/,
    },
  ],
  [
    'tmp',
    'the size of /tmp',
    { plan: ({ tmpfs }) => ({ tmpfs: tmpfs.map((one) => ({ ...one, sizeBytes: GIB })) }), says: /176 MiB could be written/ },
  ],
  ['network', 'the network none, for a bridge', { plan: () => ({ network: 'bridge' }), says: /eth0/ }],
  [
    'network',
    'the network none, for that of the machine',
    { plan: () => ({ network: 'host' }), says: /ports.*abstract sockets/ },
  ],
  ['hidden', 'the hiding of sockets', { plan: mounting('/run/docker.sock', 'file'), says: /docker\.sock/ }],
  ['hidden', 'the hiding of homes', { plan: mounting('/root', 'home'), says: /\/root\/file/ }],
  ['hidden', 'the hiding of accounts', { plan: mounting('/etc/shadow', 'file'), says: /\/etc\/shadow/ }],
  [
    'runner',
    'the closed directory of the supervisor',
    {
      // Not by the mode of the file system in memory: it takes that of the directory in the image.
      plan: ({ tmpfs, mounts }, directory) => ({
        tmpfs: tmpfs.filter(({ target }) => target !== '/berth'),
        mounts: [...mounts, { source: join(directory, 'open'), target: '/berth', readOnly: false }],
      }),
      says: /its directory, its output, its socket/,
    },
  ],
  ['privileges', 'no-new-privileges', { create: hostConfig({ SecurityOpt: [] }), says: /set-uid programs work/ }],
  ['read-only', 'the read-only root', { create: hostConfig({ ReadonlyRootfs: false }), says: /writable in a session: \/ / }],
  [
    'output',
    'what came before the second connection',
    {
      service: (real) => {
        let attached = 0;
        return {
          async attachRun(id, run, options) {
            const [view] = await real.listRuns(id);
            return real.attachRun(id, run, attached++ === 0 ? options : { ...options, from: view!.highest + 1 });
          },
        };
      },
      says: /is not what it was/,
    },
  ],
];

/** Nothing can switch it off: there is none. */
const ABSENT = ['quota'];

describeWithDocker('the doctor', (docker) => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-doctor-test-'));
    await mkdir(join(directory, 'home'));
    await mkdir(join(directory, 'data'));
    await mkdir(join(directory, 'open/run'), { recursive: true });
    for (const file of ['file', 'home/file']) await writeFile(join(directory, file), 'secret', { mode: 0o644 });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** Findings by id; afterwards nothing may be left. */
  async function examine(only: readonly string[], { plan, create, service }: Partial<Fault> = {}): Promise<Map<string, Finding>> {
    const proxy = create && (await EditingDocker.start(join(directory, 'docker.sock'), docker.socketPath, create));
    const socketPath = proxy ? join(directory, 'docker.sock') : docker.socketPath;
    const dataDir = join(directory, 'data');
    const doctor = await openDoctor({
      flags: {},
      quick: false,
      only,
      parts: {
        settings: {
          docker: { socketPath },
          dataDir,
          scratchRoot: dataDir,
          listen: { host: '127.0.0.1', port: 0 },
          managed: undefined,
        },
        drivers: [{ name: 'docker', open: async () => changed(new DockerDriver({ socketPath }), plan, directory) }],
        ...(service ? { service: (real) => overlaid(real, service(real)) } : {}),
        carryDirectory: join(tmpdir(), `berth-test-carry-${process.getuid!()}`),
      },
    });
    const findings = new Map<string, Finding>();
    try {
      for (const { id, examine } of doctor.examinations) findings.set(id, await examine());
    } finally {
      await doctor.close();
      await proxy?.close();
    }
    expect(await readdir(dataDir)).toEqual([]);
    return findings;
  }

  it('finds every promise kept on this engine, but for the size of /home/work', async () => {
    const findings = await examine(PROBES.map(({ id }) => `docker.${id}`));
    expect(findings.size).toBe(PROBES.length);
    for (const [id, finding] of findings)
      expect([id, finding]).toMatchObject([id, { state: id === 'docker.quota' ? 'yellow' : 'green' }]);
  }, 60_000);

  it('has for each probe something that is switched off', () => {
    expect([...new Set(FAULTS.map(([id]) => id)), ...ABSENT].sort()).toEqual(PROBES.map(({ id }) => id).sort());
  });

  it.each(FAULTS)(
    'is red by its probe %s without %s',
    async (id, _what, fault) => {
      const findings = await examine([`docker.${id}`], fault);
      expect(findings.get(`docker.${id}`)).toMatchObject({ state: 'red', detail: expect.stringMatching(fault.says) as string });
    },
    60_000,
  );

  it('tells once why no session starts, and does not try for each probe', async () => {
    const findings = [
      ...(
        await examine(['docker.start', 'docker.memory', 'docker.time'], { plan: () => ({ command: ['/bin/false'] }) })
      ).values(),
    ];
    expect(findings.map(({ state }) => state)).toEqual(['red', 'yellow', 'yellow']);
  }, 60_000);

  it('leaves nothing when it is interrupted', async () => {
    const berth = await Berth.create(docker);
    try {
      const child = berth.spawn(['doctor', '--only', 'docker.start,docker.memory,docker.time,docker.cpu']);
      const ended = collect(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 130 });
      expect(await readdir(berth.dataDir)).toEqual([]);
    } finally {
      await berth.dispose();
    }
  }, 60_000);
});

const overlaid = <T extends object>(real: T, changes: Partial<T>): T =>
  new Proxy(real, {
    get(target, name) {
      const value: unknown = name in changes ? changes[name as keyof T] : target[name as keyof T];
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

const changed = (driver: Driver, plan: Fault['plan'], directory: string): Driver =>
  overlaid(driver, plan ? { create: (asked, signal) => driver.create({ ...asked, ...plan(asked, directory) }, signal) } : {});
