/** The fake driver as a fixture of the conformance suite: its programs are played, its insides told from the plan. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerPlan, Driver } from '../src/ports/driver.js';
import { ROOT_OF_CONTAINER, type DriverFixture, type FixtureCommands, type InsideFacts } from './driver-fixture.js';
import { FAKE_IMAGE, FakeDriver } from './fake-driver.js';

const COMMANDS: FixtureCommands = {
  idle: ['idle'],
  exitWith3: ['exit', '3'],
  exhaustMemory: ['exhaust'],
  missing: ['missing'],
};

/** Reference of an image that must be pulled first. */
export const REMOTE = 'remote/image:1';

/** One deliberate fault: in the verbs, or in how containers look from inside. */
export interface Fault {
  readonly verbs?: (driver: FakeDriver) => Partial<Driver>;
  readonly inside?: (facts: InsideFacts) => Partial<InsideFacts>;
}

/** A fixture on a fake; with a fault it breaks one promise of the port. */
export async function fakeFixture({ verbs, inside }: Fault = {}): Promise<DriverFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-fake-'));
  const fake: FakeDriver = new FakeDriver({
    onStart({ command: [program, argument] }, containerId) {
      if (program === 'missing') throw new Error('no such program');
      if (program === 'exit') fake.end(containerId, Number(argument));
      if (program === 'exhaust') fake.end(containerId, 137, { oomKilled: true });
    },
  });
  fake.registry.set(REMOTE, { ...FAKE_IMAGE, imageId: 'sha256:remote' });
  const driver: Driver = { ...verbsOf(fake), ...verbs?.(fake) };
  return {
    driver,
    image: 'fake:latest',
    imageEnvironment: { GREETING: 'hello' },
    expected: ROOT_OF_CONTAINER,
    commands: COMMANDS,
    directory,
    registry: {
      reference: REMOTE,
      missing: 'remote/nothing:1',
      forget: async () => void fake.images.delete(REMOTE),
    },
    async lookInside(plan) {
      const { containerId } = await driver.create(plan);
      const facts = insideOf(fake.planOf(containerId));
      await driver.remove(containerId);
      return { ...facts, ...inside?.(facts) };
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The fake as a plain object, so that single verbs can be replaced. */
function verbsOf(fake: FakeDriver): Driver {
  return {
    name: fake.name,
    probe: (signal) => fake.probe(signal),
    resolveImage: (reference, signal) => fake.resolveImage(reference, signal),
    listImages: (signal) => fake.listImages(signal),
    pullImage: (reference, options) => fake.pullImage(reference, options),
    create: (plan, signal) => fake.create(plan, signal),
    start: (id, signal) => fake.start(id, signal),
    pause: (id, signal) => fake.pause(id, signal),
    resume: (id, signal) => fake.resume(id, signal),
    kill: (id, signal) => fake.kill(id, signal),
    remove: (id, signal) => fake.remove(id, signal),
    inspect: (id, signal) => fake.inspect(id, signal),
    list: (owner, signal) => fake.list(owner, signal),
    events: (owner, signal) => fake.events(owner, signal),
    removeTree: (path, signal) => fake.removeTree(path, signal),
  };
}

function insideOf(plan: ContainerPlan): InsideFacts {
  const mounts = plan.mounts.map((m) => [m.target, { readOnly: m.readOnly, bytes: 0, mode: 0o755 }] as const);
  const tmpfs = plan.tmpfs.map((t) => [t.target, { readOnly: false, bytes: t.sizeBytes, mode: t.mode }] as const);
  return {
    uid: 0,
    directory: '/',
    environment: ['HOSTNAME'],
    rootReadOnly: true,
    capabilities: [5, 6, 7],
    noNewPrivileges: true,
    interfaces: plan.network === 'none' ? ['lo'] : ['lo', 'eth0'],
    localhost: true,
    memoryBytes: plan.memoryBytes,
    memoryAndSwapBytes: plan.memoryBytes,
    pids: plan.pids,
    cpus: plan.cpus,
    cores: plan.cpuset ?? [0, 1],
    mounts: Object.fromEntries([...mounts, ...tmpfs]),
  };
}
