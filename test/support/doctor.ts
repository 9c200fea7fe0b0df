/** The doctor's probes with one protection switched off. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelService } from '@berth/wire';
import { openDoctor, type Finding } from '../../packages/agent/src/commands/doctor/index.js';
import type { ContainerPlan, Driver } from '../../packages/agent/src/ports/driver.js';
import { MeddlingDocker, type CreateBody } from '../../packages/agent/testing/meddling-docker.js';

/** What is switched off: of the plan, of what Docker is told, or of the service. */
export interface Fault {
  readonly plan?: (plan: ContainerPlan, directory: string) => Partial<ContainerPlan>;
  readonly create?: (body: CreateBody) => CreateBody;
  readonly service?: (real: KernelService) => Partial<KernelService>;
}

/** Makes the driver; `socketPath` is that of the engine, or of what stands before it. */
export type MakeDriver = (at: { readonly socketPath: string; readonly state: string }) => Driver;

export class DoctorWorld {
  readonly directory: string;
  readonly #name: string;
  readonly #socketPath: string;
  readonly #make: MakeDriver;

  private constructor(directory: string, name: string, socketPath: string, make: MakeDriver) {
    this.directory = directory;
    this.#name = name;
    this.#socketPath = socketPath;
    this.#make = make;
  }

  static async create(name: string, socketPath: string, make: MakeDriver): Promise<DoctorWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-doctor-test-'));
    for (const below of ['data', 'home', 'open/run']) await mkdir(join(directory, below), { recursive: true });
    for (const file of ['file', 'home/file']) await writeFile(join(directory, file), 'secret', { mode: 0o644 });
    return new DoctorWorld(directory, name, socketPath, make);
  }

  /** Findings by id, and what was left in the data directory. */
  async examine(
    only: readonly string[],
    { plan, create, service }: Fault = {},
  ): Promise<{ readonly findings: ReadonlyMap<string, Finding>; readonly left: readonly string[] }> {
    const proxy = create && (await MeddlingDocker.start(join(this.directory, 'docker.sock'), this.#socketPath, { edit: create }));
    const socketPath = proxy ? join(this.directory, 'docker.sock') : this.#socketPath;
    const dataDir = join(this.directory, 'data');
    const findings = new Map<string, Finding>();
    const doctor = await openDoctor({
      flags: {},
      quick: false,
      only,
      parts: {
        settings: {
          driver: this.#name,
          docker: { socketPath },
          dataDir,
          scratchRoot: dataDir,
          listen: { host: '127.0.0.1', port: 0 },
          managed: undefined,
        },
        drivers: [
          {
            name: this.#name,
            open: async (_settings, state) => changed(this.#make({ socketPath, state }), plan, this.directory),
          },
        ],
        ...(service ? { service: (real) => overlaid(real, service(real)) } : {}),
        carryDirectory: join(tmpdir(), `berth-test-carry-${process.getuid!()}`),
      },
    });
    try {
      for (const { id, examine } of doctor.examinations) findings.set(id, await examine());
    } finally {
      await doctor.close();
      await proxy?.close();
    }
    return { findings, left: await readdir(dataDir) };
  }

  async dispose(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

const overlaid = <T extends object>(real: T, changes: Partial<T>): T =>
  new Proxy(real, {
    get(target, name) {
      const value: unknown = name in changes ? changes[name as keyof T] : target[name as keyof T];
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

const changed = (driver: Driver, plan: Fault['plan'], directory: string): Driver =>
  overlaid(driver, plan ? { create: (asked, signal) => driver.create({ ...asked, ...plan(asked, directory) }, signal) } : {});

const GIB = 1024 ** 3;

/** Shows something of the machine where nothing is to be seen. */
const showing = (target: string, name: string): NonNullable<Fault['plan']> => {
  return ({ mounts }, directory) => ({ mounts: [...mounts, { source: join(directory, name), target, readOnly: true }] });
};

/** Which probe must notice, what is switched off, and what the finding must say. Whatever the driver is. */
export const FAULTS: readonly (readonly [id: string, what: string, fault: Fault, says: RegExp])[] = [
  ['start', 'the program of a container', { plan: () => ({ command: ['/bin/false'] }) }, /./],
  ['memory', 'the memory limit', { plan: () => ({ memoryBytes: 4 * GIB }) }, /took twice its 128 MiB and lived/],
  ['pids', 'the limit of processes', { plan: () => ({ pids: 2000 }) }, /80 processes were made where 64 are allowed/],
  ['cpu', 'the CPU limit', { plan: () => ({ cpus: 2 }) }, /of a core were used where 0\.1 is allowed/],
  [
    'time',
    'the time limit',
    { service: (real) => ({ startRun: (id, { timeoutMs: _, ...request }) => real.startRun(id, request) }) },
    /ran on past its 1 s/,
  ],
  [
    'tmp',
    'the size of /tmp',
    { plan: ({ tmpfs }) => ({ tmpfs: tmpfs.map((one) => ({ ...one, sizeBytes: GIB })) }) },
    /176 MiB could be written/,
  ],
  ['network', 'the network none', { plan: () => ({ network: 'host' }) }, /ports.*abstract sockets/],
  ['hidden', 'the hiding of sockets', { plan: showing('/run/docker.sock', 'file') }, /docker\.sock/],
  ['hidden', 'the hiding of homes', { plan: showing('/root', 'home') }, /\/root\/file/],
  ['hidden', 'the hiding of accounts', { plan: showing('/etc/shadow', 'file') }, /\/etc\/shadow/],
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
    },
    /is not what it was/,
  ],
];

/** Nothing can switch it off: there is none. */
export const ABSENT = ['quota'];
