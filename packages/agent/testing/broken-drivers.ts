/** For each case of the conformance suite one fault that only this case may notice: a check that cannot fail is none. */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError } from '@berth/wire';
import type { ContainerPlan, DriverEvent, Observation } from '../src/ports/driver.js';
import { BROKEN_PULLS } from './broken-pulls.js';
import type { FakeDriver } from './fake-driver.js';
import type { Fault } from './fake-fixture.js';
import type { InsideFacts } from './driver-fixture.js';

const failed = (message: string): BerthError => new BerthError('create-failed', message);

/** Changes every observation that `inspect` and `list` give. */
const observing = (change: (one: Observation) => Observation): Fault => ({
  verbs: (fake) => ({
    inspect: async (id, signal) => {
      const one = await fake.inspect(id, signal);
      return one && change(one);
    },
    list: async (owner, signal) => (await fake.list(owner, signal)).map(change),
  }),
});

const inside = (change: (facts: InsideFacts) => Partial<InsideFacts>): Fault => ({ inside: change });

/** The state of a container of a fake, or undefined. */
const stateOf = async (fake: FakeDriver, id: string): Promise<Observation['state'] | undefined> =>
  (await fake.inspect(id))?.state;

const planAs = (change: (plan: ContainerPlan) => Partial<ContainerPlan>): Fault => ({
  verbs: (fake) => ({ create: (plan, signal) => fake.create({ ...plan, ...change(plan) }, signal) }),
});

/** The fake's events, changed or left out. */
const telling = (change: (event: DriverEvent) => DriverEvent | undefined): Fault => ({
  verbs: (fake) => ({
    async *events(owner, signal) {
      for await (const event of fake.events(owner, signal)) {
        const told = change(event);
        if (told) yield told;
      }
    },
  }),
});

export const BROKEN_DRIVERS: Readonly<Record<string, Fault>> = {
  'create makes a container that does not run yet': observing((one) =>
    one.state === 'created' ? { ...one, state: 'paused' } : one,
  ),
  'create again finds the same container': {
    verbs: (fake) => ({
      async create(plan, signal) {
        const holder = await fake.inspect(plan.name);
        if (holder && JSON.stringify(holder.labels) === JSON.stringify(plan.labels)) await fake.remove(holder.containerId);
        return fake.create(plan, signal);
      },
    }),
  },
  'create refuses a name that is taken under other labels': {
    verbs: (fake) => ({
      create: async (plan, signal) => (await fake.inspect(plan.name)) ?? fake.create(plan, signal),
    }),
  },
  'a missing mount source is an error and leaves nothing': {
    verbs: (fake) => ({
      create: (plan, signal) =>
        fake.create({ ...plan, mounts: plan.mounts.filter(({ source }) => !source.endsWith('/missing')) }, signal),
    }),
  },
  'an aborted create rejects with the reason and leaves nothing': {
    verbs: (fake) => ({
      async create(plan, signal) {
        const made = await fake.create(plan);
        signal?.throwIfAborted();
        return made;
      },
    }),
  },
  'start runs the program': {
    verbs: (fake) => {
      const created = new Map<string, Observation>();
      return {
        // Remembers what it saw before the start.
        async inspect(id, signal) {
          const one = created.get(id) ?? (await fake.inspect(id, signal));
          if (one?.state === 'created') created.set(id, one);
          return one;
        },
      };
    },
  },
  'start again does nothing': {
    verbs: (fake) => ({
      async start(id, signal) {
        if ((await stateOf(fake, id)) === 'running') throw failed('it runs already');
        await fake.start(id, signal);
      },
    }),
  },
  'a program that does not exist is told: by start, or by the exit code of a shell': {
    verbs: (fake) => ({ start: (id, signal) => fake.start(id, signal).catch(() => {}) }),
  },
  'pause lets a running container stand still': observing((one) => (one.state === 'paused' ? { ...one, state: 'running' } : one)),
  'pause again does nothing': {
    verbs: (fake) => ({
      async pause(id, signal) {
        if ((await stateOf(fake, id)) === 'paused') throw failed('paused already');
        await fake.pause(id, signal);
      },
    }),
  },
  'resume lets it go on, also when asked twice': {
    verbs: (fake) => ({
      async resume(id, signal) {
        if ((await stateOf(fake, id)) === 'running') throw failed('runs already');
        await fake.resume(id, signal);
      },
    }),
  },
  'pause and resume refuse a container that does not run': {
    verbs: (fake) => ({
      async pause(id, signal) {
        if ((await stateOf(fake, id)) !== 'created') await fake.pause(id, signal);
      },
    }),
  },
  'kill ends a paused container': {
    verbs: (fake) => ({
      async kill(id, signal) {
        if ((await stateOf(fake, id)) !== 'paused') await fake.kill(id, signal);
      },
    }),
  },
  'remove takes a paused container away': {
    verbs: (fake) => ({
      async remove(id, signal) {
        if ((await stateOf(fake, id)) !== 'paused') await fake.remove(id, signal);
      },
    }),
  },
  'kill ends a running container': {
    verbs: (fake) => ({
      async kill(id) {
        // Only of those that run: what becomes of a paused one is another case.
        if ((await stateOf(fake, id)) === 'running') fake.end(id, 143);
        else await fake.kill(id);
      },
    }),
  },
  'kill does nothing where nothing runs': {
    verbs: (fake) => ({
      async kill(id, signal) {
        if (!(await stateOf(fake, id))) throw failed('no such container');
        await fake.kill(id, signal);
      },
    }),
  },
  'remove takes a running container away': {
    verbs: (fake) => {
      const refused = new Set<string>();
      return {
        // Kills only; what is dead it removes.
        async remove(id, signal) {
          const running = (await stateOf(fake, id)) === 'running';
          if (!running || refused.has(id)) return fake.remove(id, signal);
          refused.add(id);
          await fake.kill(id, signal);
        },
      };
    },
  },
  'remove again, and at the same time, does nothing': {
    verbs: (fake) => {
      const removing = new Set<string>();
      return {
        async remove(id, signal) {
          if (removing.has(id)) throw failed('removal is already in progress');
          removing.add(id);
          await fake.remove(id, signal);
        },
      };
    },
  },
  'removeTree removes the tree, and nothing beside it': {
    verbs: (fake) => ({
      async removeTree(path, signal) {
        await fake.removeTree(path, signal);
        await rm(dirname(path), { recursive: true, force: true });
      },
    }),
  },
  'removeTree of nothing does nothing': {
    verbs: (fake) => ({
      async removeTree(path, signal) {
        if (path.includes('/missing/')) throw failed('no such directory');
        await fake.removeTree(path, signal);
      },
    }),
  },
  'probe describes the driver': { verbs: () => ({ probe: async () => ({ description: '', apiVersion: '' }) }) },
  'a local image has a lasting id and its environment': {
    verbs: (fake) => {
      let looks = 0;
      return {
        async resolveImage(reference, signal) {
          const image = await fake.resolveImage(reference, signal);
          return reference === 'fake:latest' && ++looks > 1 ? { ...image, imageId: `${image.imageId}-${looks}` } : image;
        },
      };
    },
  },
  'an unknown image is image-not-found': {
    verbs: (fake) => ({
      resolveImage: (reference, signal) => fake.resolveImage(reference.startsWith('berth-test/') ? 'fake' : reference, signal),
    }),
  },
  'a reference that is none is image-not-found': {
    verbs: (fake) => ({
      resolveImage: (reference, signal) => fake.resolveImage(reference.startsWith('..') ? 'fake' : reference, signal),
    }),
  },
  'the list of images has each with its id, names and labels': {
    verbs: (fake) => ({
      listImages: async (signal) => (await fake.listImages(signal)).map((image) => ({ ...image, labels: {} })),
    }),
  },
  'every image of the list has a name': {
    verbs: (fake) => ({
      listImages: async (signal) => [
        ...(await fake.listImages(signal)),
        { imageId: 'sha256:nameless', references: ['<none>:<none>'], labels: {} },
      ],
    }),
  },
  'inspect finds by id and by name': {
    verbs: (fake) => ({
      async inspect(id, signal) {
        const one = await fake.inspect(id, signal);
        return one?.containerId === id ? one : undefined;
      },
    }),
  },
  'inspect takes no part of an id': {
    verbs: (fake) => ({
      async inspect(id, signal) {
        const exact = await fake.inspect(id, signal);
        return exact ?? (id.startsWith('f') ? { ...EXAMPLE, containerId: id } : undefined);
      },
    }),
  },
  'inspect of nothing is undefined': {
    verbs: (fake) => ({
      inspect: async (id, signal) => (id === 'berth-there-is-none-1' ? EXAMPLE : fake.inspect(id, signal)),
    }),
  },
  'labels and name come back as they went in': observing((one) => ({ ...one, labels: { ...one.labels, namespace: 'lost' } })),
  'the exit code is observed': observing((one) => ({ ...one, exitCode: one.exitCode === 3 ? 0 : one.exitCode })),
  'there is no exit code before the end': observing((one) => ({ ...one, exitCode: one.state === 'running' ? 0 : one.exitCode })),
  'what runs has a pid, what does not run has none': observing((one) => ({ ...one, pid: null })),
  'the end by exhausted memory is observed': observing((one) => ({ ...one, oomKilled: false })),
  'list has containers of every state, as inspect sees them': {
    verbs: (fake) => ({
      list: async (owner, signal) => (await fake.list(owner, signal)).filter(({ state }) => state !== 'exited'),
    }),
  },
  'list shows containers of this owner only': {
    verbs: (fake) => {
      const states = new Map<string, string>();
      return {
        async create(plan, signal) {
          states.set(plan.labels.stateId, plan.labels.agentId);
          return fake.create(plan, signal);
        },
        // Looks at the agent only.
        async list({ agentId, stateId }, signal) {
          const others = [...states].filter(([state, agent]) => agent === agentId && state !== stateId);
          const lists = [stateId, ...others.map(([state]) => state)].map((id) => fake.list({ agentId, stateId: id }, signal));
          return (await Promise.all(lists)).flat();
        },
      };
    },
  },
  'an aborted call rejects with the reason': { verbs: (fake) => ({ list: (owner) => fake.list(owner) }) },
  'events tell creation, start, death and removal, with labels': telling((event) => (event.type === 'died' ? undefined : event)),
  'events of other owners are not told': {
    verbs: (fake) => {
      const foreign: DriverEvent[] = [];
      return {
        async create(plan, signal) {
          const made = await fake.create(plan, signal);
          if (plan.name !== `berth-${plan.labels.kernelId}-1`) foreign.push({ ...made, labels: plan.labels, type: 'created' });
          return made;
        },
        async *events(owner, signal) {
          for await (const event of fake.events(owner, signal)) {
            yield* foreign.splice(0);
            yield event;
          }
        },
      };
    },
  },
  'the event stream rejects with the reason when it is aborted': {
    verbs: (fake) => ({
      async *events(owner, signal) {
        try {
          yield* fake.events(owner, signal);
        } catch {
          // Ends, as if all were well.
        }
      },
    }),
  },
  ...BROKEN_PULLS,
  'the program runs in /, as root where the driver may make one': inside(() => ({ uid: 65534 })),
  'nothing of the environment of the image reaches the program': inside(({ environment }) => ({
    environment: [...environment, 'GREETING'],
  })),
  'the root file system is read-only': inside(() => ({ rootReadOnly: false })),
  'only the capabilities that a runner needs are left, and none can be gained': inside(() => ({ noNewPrivileges: false })),
  'network none has no interface but the loopback': planAs(() => ({ network: 'bridge' })),
  'localhost is there, also without a network': inside(() => ({ localhost: false })),
  'mounts are read-only or writable as planned': planAs(({ mounts }) => ({
    mounts: mounts.map((mount) => ({ ...mount, readOnly: false })),
  })),
  'a memory file system has the planned size and mode': planAs(({ tmpfs }) => ({
    tmpfs: tmpfs.map((one) => ({ ...one, mode: 0o1777 })),
  })),
  'memory is limited as planned, swap included': inside(({ memoryBytes }) => ({ memoryAndSwapBytes: 2 * memoryBytes })),
  'processors are limited as planned': planAs(({ cpus }) => ({ cpus: Math.ceil(cpus) })),
  'cores are those of the plan': planAs(() => ({ cpuset: null })),
  'processes are limited as planned': planAs(() => ({ pids: 4096 })),
};

const EXAMPLE: Observation = {
  containerId: 'f',
  name: 'somebody',
  labels: { agentId: 'a', stateId: 's', namespace: 'n', kernelId: 'k', sessionId: 's', incarnation: 1 },
  state: 'running',
  exitCode: null,
  oomKilled: false,
  pid: 1000,
};
