/** What the driver says: images, observations, lists, events. */
import assert from 'node:assert/strict';
import type { DriverEvent } from '../src/ports/driver.js';
import { rejectsWith, type DriverCase } from './driver-case.js';
import { freshLabels } from './driver-fixture.js';

const short = ({ type }: DriverEvent): string => type;

export const cases: readonly DriverCase[] = [
  {
    name: 'probe describes the driver',
    async run({ driver }) {
      assert.notEqual((await driver.probe()).description, '');
    },
  },
  {
    name: 'a local image has a lasting id and its environment',
    async run({ driver, fixture }) {
      const image = await driver.resolveImage(fixture.image);
      assert.equal((await driver.resolveImage(fixture.image)).imageId, image.imageId);
      for (const [name, value] of Object.entries(fixture.imageEnvironment)) assert.equal(image.env[name], value);
    },
  },
  {
    name: 'an unknown image is image-not-found',
    async run({ driver }) {
      await rejectsWith('image-not-found', driver.resolveImage('berth-test/there-is-none:1'));
    },
  },
  {
    name: 'a reference that is none is image-not-found',
    async run({ driver }) {
      await rejectsWith('image-not-found', driver.resolveImage('../containers/json?all=1'));
    },
  },
  {
    name: 'the list of images has each with its id, names and labels',
    async run({ driver, fixture }) {
      const { imageId, labels } = await driver.resolveImage(fixture.image);
      const listed = (await driver.listImages()).filter((one) => one.references.includes(fixture.image));
      assert.deepEqual(
        listed.map((one) => ({ imageId: one.imageId, labels: one.labels })),
        [{ imageId, labels }],
      );
    },
  },
  {
    name: 'every image of the list has a name',
    async run({ driver }) {
      for (const { references } of await driver.listImages()) {
        assert.notEqual(references.length, 0);
        for (const name of references) assert.match(name, /^[^<>]+:[^<>:/]+$/);
      }
    },
  },
  {
    name: 'inspect finds by id and by name',
    async run({ driver, make, plan }) {
      const containerId = await make();
      assert.equal((await driver.inspect(containerId))?.containerId, containerId);
      assert.equal((await driver.inspect((await plan()).name))?.containerId, containerId);
    },
  },
  {
    name: 'inspect takes no part of an id',
    async run({ driver, make }) {
      assert.equal(await driver.inspect((await make()).slice(0, 32)), undefined);
    },
  },
  {
    name: 'inspect of nothing is undefined',
    async run({ driver }) {
      assert.equal(await driver.inspect('berth-there-is-none-1'), undefined);
    },
  },
  {
    name: 'labels and name come back as they went in',
    async run({ driver, make, labels, plan }) {
      const seen = await driver.inspect(await make());
      assert.deepEqual(seen?.labels, labels);
      assert.equal(seen.name, (await plan()).name);
    },
  },
  {
    name: 'the exit code is observed',
    async run({ make, until, fixture }) {
      const containerId = await make({ command: fixture.commands.exitWith3 }, { start: true });
      assert.equal((await until(containerId, 'exited')).exitCode, 3);
    },
  },
  {
    name: 'there is no exit code before the end',
    async run({ driver, make }) {
      const containerId = await make({}, { start: true });
      assert.equal((await driver.inspect(containerId))?.exitCode, null);
    },
  },
  {
    name: 'what runs has a pid, what does not run has none',
    async run({ driver, make, until }) {
      const running = await make({}, { start: true });
      assert.ok(((await driver.inspect(running))?.pid ?? 0) > 1);
      await driver.kill(running);
      assert.equal((await until(running, 'exited')).pid, null);
    },
  },
  {
    name: 'the end by exhausted memory is observed',
    async run({ make, until, fixture }) {
      const containerId = await make({ command: fixture.commands.exhaustMemory }, { start: true });
      assert.equal((await until(containerId, 'exited')).oomKilled, true);
    },
  },
  {
    name: 'list has containers of every state, as inspect sees them',
    async run({ driver, make, until, labels, fixture }) {
      const created = await make();
      const running = await make({ name: `${labels.kernelId}-b` }, { start: true });
      const exited = await make({ name: `${labels.kernelId}-c`, command: fixture.commands.exitWith3 }, { start: true });
      await until(exited, 'exited');
      const listed = new Map((await driver.list(labels)).map((one) => [one.containerId, one]));
      assert.equal(listed.size, 3);
      // The pid is for inspection alone.
      for (const id of [created, running, exited])
        assert.deepEqual({ ...listed.get(id), pid: null }, { ...(await driver.inspect(id)), pid: null });
    },
  },
  {
    name: 'list shows containers of this owner only',
    async run({ driver, make, labels }) {
      const mine = await make();
      await make({ name: `${labels.kernelId}-b`, labels: { ...labels, agentId: 'another' } });
      await make({ name: `${labels.kernelId}-c`, labels: { ...labels, stateId: 'another' } });
      assert.deepEqual(
        (await driver.list(labels)).map(({ containerId }) => containerId),
        [mine],
      );
    },
  },
  {
    name: 'an aborted call rejects with the reason',
    async run({ driver, labels }) {
      const reason = new Error('enough');
      await assert.rejects(driver.list(labels, AbortSignal.abort(reason)), (error) => error === reason);
    },
  },
  {
    name: 'events tell creation, start, death and removal, with labels',
    async run({ driver, make, labels }) {
      const controller = new AbortController();
      const events = driver.events(labels, controller.signal)[Symbol.asyncIterator]();
      const first = events.next();
      const containerId = await make({}, { start: true });
      await driver.kill(containerId);
      await driver.remove(containerId);
      const told: DriverEvent[] = [];
      for (let next = await first; !next.done; next = await events.next()) {
        told.push(next.value);
        if (next.value.type === 'removed') break;
      }
      controller.abort(new Error('enough'));
      assert.deepEqual(told.map(short), ['created', 'started', 'died', 'removed']);
      for (const event of told) assert.deepEqual([event.containerId, event.labels], [containerId, labels]);
    },
  },
  {
    name: 'events of other owners are not told',
    async run({ driver, make, labels }) {
      const controller = new AbortController();
      const events = driver.events(labels, controller.signal)[Symbol.asyncIterator]();
      const first = events.next();
      await make({ name: `${labels.kernelId}-b`, labels: freshLabels() });
      const mine = await make();
      const { value } = (await first) as { value: DriverEvent };
      controller.abort(new Error('enough'));
      assert.equal(value.containerId, mine);
    },
  },
  {
    name: 'the event stream rejects with the reason when it is aborted',
    async run({ driver, labels }) {
      const reason = new Error('enough');
      const controller = new AbortController();
      const first = driver.events(labels, controller.signal)[Symbol.asyncIterator]().next();
      controller.abort(reason);
      await assert.rejects(first, (error) => error === reason);
    },
  },
];
