/** The fake driver as a fixture of the conformance suite: its programs are played, its insides told from the plan. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerPlan, Driver } from '../src/ports/driver.js';
import type { DriverFixture, FixtureCommands, InsideFacts } from './driver-fixture.js';
import { FakeDriver } from './fake-driver.js';

const COMMANDS: FixtureCommands = {
  idle: ['idle'],
  exitWith3: ['exit', '3'],
  exhaustMemory: ['exhaust'],
  missing: ['missing'],
};

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
  const driver: Driver = { ...verbsOf(fake), ...verbs?.(fake) };
  return {
    driver,
    image: 'fake',
    commands: COMMANDS,
    directory,
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
    create: (plan, signal) => fake.create(plan, signal),
    start: (id, signal) => fake.start(id, signal),
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
    mounts: Object.fromEntries([...mounts, ...tmpfs]),
  };
}
