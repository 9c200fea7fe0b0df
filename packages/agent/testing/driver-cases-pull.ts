/** Pulls, from the registry of the fixture. */
import assert from 'node:assert/strict';
import type { PullProgress } from '../src/ports/driver.js';
import { rejectsWith, type Bench, type DriverCase } from './driver-case.js';
import type { FixtureRegistry } from './driver-fixture.js';

/** The registry, after this node has forgotten its image. */
async function fresh({ fixture: { registry } }: Bench): Promise<FixtureRegistry> {
  assert.ok(registry, 'the fixture has no registry');
  await registry.forget();
  return registry;
}

export const cases: readonly DriverCase[] = [
  {
    name: 'a pull brings the image to this node',
    async run(bench) {
      const { reference } = await fresh(bench);
      await rejectsWith('image-not-found', bench.driver.resolveImage(reference));
      const { imageId } = await bench.driver.pullImage(reference);
      assert.equal((await bench.driver.resolveImage(reference)).imageId, imageId);
    },
  },
  {
    name: 'a pull tells its progress',
    async run(bench) {
      const { reference } = await fresh(bench);
      const told: PullProgress[] = [];
      await bench.driver.pullImage(reference, { onProgress: (progress) => void told.push(progress) });
      assert.ok(told.some(({ status }) => status !== ''));
    },
  },
  {
    name: 'a pull of what is there does no harm',
    async run(bench) {
      const { reference } = await fresh(bench);
      const { imageId } = await bench.driver.pullImage(reference);
      assert.equal((await bench.driver.pullImage(reference)).imageId, imageId);
    },
  },
  {
    name: 'pulls of one image at the same time all succeed',
    async run(bench) {
      const { reference } = await fresh(bench);
      const pulled = await Promise.all([1, 2, 3].map(() => bench.driver.pullImage(reference)));
      assert.equal(new Set(pulled.map(({ imageId }) => imageId)).size, 1);
    },
  },
  {
    name: 'what the registry does not have is pull-failed',
    async run(bench) {
      await rejectsWith('pull-failed', bench.driver.pullImage((await fresh(bench)).missing));
    },
  },
  {
    name: 'a pull of what is no reference is pull-failed',
    async run(bench) {
      await fresh(bench);
      await rejectsWith('pull-failed', bench.driver.pullImage('../containers/json?all=1'));
    },
  },
  {
    name: 'who gives up a pull gets the reason, and those who wait for the same go on',
    async run(bench) {
      const { reference } = await fresh(bench);
      const reason = new Error('no longer wanted');
      const controller = new AbortController();
      const givenUp = bench.driver.pullImage(reference, { signal: controller.signal });
      const other = bench.driver.pullImage(reference);
      controller.abort(reason);
      await assert.rejects(givenUp, (error) => error === reason);
      assert.notEqual((await other).imageId, '');
    },
  },
];
