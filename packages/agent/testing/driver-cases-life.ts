/** Making, starting, ending and removing containers; each verb repeated, since the agent can die anywhere. */
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toBerthError } from '@berth/wire';
import { rejectsWith, type DriverCase } from './driver-case.js';

export const cases: readonly DriverCase[] = [
  {
    name: 'create makes a container that does not run yet',
    async run({ make, driver }) {
      const seen = await driver.inspect(await make());
      assert.equal(seen?.state, 'created');
    },
  },
  {
    name: 'create again finds the same container',
    async run({ make }) {
      assert.equal(await make(), await make());
    },
  },
  {
    name: 'create refuses a name that is taken under other labels',
    async run({ make, plan, driver, labels, alsoRemove }) {
      await make();
      const other = driver.create(await plan({ labels: { ...labels, sessionId: 'another' } }));
      void other.then(({ containerId }) => alsoRemove(containerId)).catch(() => {});
      await rejectsWith('create-failed', other);
    },
  },
  {
    name: 'a missing mount source is an error and leaves nothing',
    async run({ plan, driver, labels, fixture, alsoRemove }) {
      const source = join(fixture.directory, 'missing');
      const broken = driver.create(await plan({ mounts: [{ source, target: '/mnt', readOnly: true }] }));
      void broken.then(({ containerId }) => alsoRemove(containerId)).catch(() => {});
      await rejectsWith('create-failed', broken);
      assert.deepEqual(await driver.list(labels), []);
      assert.deepEqual(await readdir(fixture.directory), []);
    },
  },
  {
    name: 'an aborted create rejects with the reason and leaves nothing',
    async run({ plan, driver, labels, alsoRemove }) {
      const reason = new Error('no longer wanted');
      const controller = new AbortController();
      const creating = driver.create(await plan(), controller.signal);
      void creating.then(({ containerId }) => alsoRemove(containerId)).catch(() => {});
      controller.abort(reason);
      await assert.rejects(creating, (error) => error === reason);
      assert.deepEqual(await driver.list(labels), []);
    },
  },
  {
    name: 'start runs the program',
    async run({ make, driver }) {
      const containerId = await make();
      await driver.inspect(containerId);
      await driver.start(containerId);
      assert.equal((await driver.inspect(containerId))?.state, 'running');
    },
  },
  {
    name: 'start again does nothing',
    async run({ make, driver }) {
      const containerId = await make({}, { start: true });
      await driver.start(containerId);
      assert.equal((await driver.inspect(containerId))?.state, 'running');
    },
  },
  {
    name: 'a program that does not exist is told: by start, or by the exit code of a shell',
    async run({ make, driver, until, fixture }) {
      const containerId = await make({ command: fixture.commands.missing });
      const refused = await driver.start(containerId).then(() => undefined, toBerthError);
      if (refused) assert.equal(refused.code, 'create-failed');
      else assert.equal((await until(containerId, 'exited')).exitCode, 127);
    },
  },
  {
    name: 'pause lets a running container stand still',
    async run({ make, driver, until }) {
      const containerId = await make({}, { start: true });
      await driver.pause(containerId);
      await until(containerId, 'paused');
    },
  },
  {
    name: 'pause again does nothing',
    async run({ make, driver }) {
      const containerId = await make({}, { start: true });
      await driver.pause(containerId);
      await driver.pause(containerId);
    },
  },
  {
    name: 'resume lets it go on, also when asked twice',
    async run({ make, driver, until }) {
      const containerId = await make({}, { start: true });
      await driver.pause(containerId);
      await driver.resume(containerId);
      await driver.resume(containerId);
      await until(containerId, 'running');
    },
  },
  {
    name: 'pause and resume refuse a container that does not run',
    async run({ make, driver }) {
      const containerId = await make();
      await rejectsWith('session-ended', driver.pause(containerId));
      await rejectsWith('session-ended', driver.resume(containerId));
    },
  },
  {
    name: 'kill ends a paused container',
    async run({ make, driver, until }) {
      const containerId = await make({}, { start: true });
      await driver.pause(containerId);
      await driver.kill(containerId);
      await until(containerId, 'exited');
    },
  },
  {
    name: 'remove takes a paused container away',
    async run({ make, driver, labels }) {
      const containerId = await make({}, { start: true });
      await driver.pause(containerId);
      await driver.remove(containerId);
      assert.deepEqual(await driver.list(labels), []);
    },
  },
  {
    name: 'kill ends a running container',
    async run({ make, driver, until }) {
      const containerId = await make({}, { start: true });
      await driver.kill(containerId);
      assert.equal((await until(containerId, 'exited')).exitCode, 137);
    },
  },
  {
    name: 'kill does nothing where nothing runs',
    async run({ make, driver }) {
      const containerId = await make();
      await driver.kill(containerId);
      await driver.remove(containerId);
      await driver.kill(containerId);
    },
  },
  {
    name: 'remove takes a running container away',
    async run({ make, driver, labels }) {
      await driver.remove(await make({}, { start: true }));
      assert.deepEqual(await driver.list(labels), []);
    },
  },
  {
    name: 'remove again, and at the same time, does nothing',
    async run({ make, driver }) {
      const containerId = await make({}, { start: true });
      await Promise.all([driver.remove(containerId), driver.remove(containerId)]);
      await driver.remove(containerId);
    },
  },
  {
    name: 'removeTree removes the tree, and nothing beside it',
    async run({ driver, fixture: { directory } }) {
      await mkdir(join(directory, 'tree', 'deep'), { recursive: true });
      await writeFile(join(directory, 'tree', 'deep', 'file'), '');
      await writeFile(join(directory, 'beside'), '');
      await driver.removeTree(join(directory, 'tree'));
      assert.deepEqual(await readdir(directory), ['beside']);
    },
  },
  {
    name: 'removeTree of nothing does nothing',
    async run({ driver, fixture: { directory } }) {
      await driver.removeTree(join(directory, 'missing', 'tree'));
    },
  },
];
