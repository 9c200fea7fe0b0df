/** Pulls by a real engine from a real registry. */
import { inspect } from 'node:util';
import Docker from 'dockerode';
import { toBerthError } from '@berth/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CuttingProxy } from '../../client/testing/cutting-proxy.js';
import { forgetImage, publish, REGISTRY_USER, startRegistry, type Published } from '../../../test/support/registry.js';
import { describeWithDocker, describeWithRegistry } from '../../../test/support/services.js';
import { DockerDriver } from '../src/adapters/docker/index.js';
import type { PullProgress } from '../src/ports/driver.js';
import { dockerFixture } from './docker-fixture.js';
import { PULL_CASES } from './driver-cases.js';
import { driverConformance } from './driver-suite.js';

const MIB = 1024 * 1024;
/** Docker itself tries a broken download again before it gives up. */
const RETRIES_MS = 120_000;

describeWithDocker('pulls on a real engine', ({ socketPath, images }) => {
  describeWithRegistry('from a real registry', ({ address }) => {
    const docker = new Docker({ socketPath });
    let driver: DockerDriver;
    const pulled = new Set<string>();
    beforeEach(() => {
      driver = new DockerDriver({ socketPath });
    });
    afterEach(async () => {
      for (const reference of pulled) await forgetImage(docker, reference);
      pulled.clear();
    });

    /** Taken off this node in the end. */
    const reference = (image: Published, at = address): string => {
      pulled.add(image.at(at));
      return image.at(at);
    };
    const isHere = (name: string): Promise<boolean> =>
      driver.resolveImage(name).then(
        () => true,
        () => false,
      );

    driverConformance(
      'the docker driver',
      async () => {
        const image = await publish(docker, address);
        const registry = {
          reference: image.at(address),
          missing: `${address}/${image.repository}:2`,
          forget: () => forgetImage(docker, image.at(address)),
        };
        const fixture = await dockerFixture(socketPath, images.debian, registry);
        return { ...fixture, dispose: () => registry.forget().then(fixture.dispose) };
      },
      PULL_CASES,
    );

    it('counts the bytes of each layer up to its size', async () => {
      const told: PullProgress[] = [];
      const name = reference(await publish(docker, address, { bytes: 4 * MIB }));
      await driver.pullImage(name, { onProgress: (progress) => void told.push(progress) });
      const loaded = told.filter(({ status, total }) => status === 'Downloading' && total !== null);
      expect(loaded.at(-1)!.total).toBeGreaterThan(4 * MIB);
      for (const { bytes, total, layer } of loaded) {
        expect(bytes).toBeLessThanOrEqual(total!);
        expect(layer).toMatch(/^[0-9a-f]{12}$/);
      }
    });

    it('asks the registry once for those who pull at the same time', async () => {
      const image = await publish(docker, address, { bytes: MIB });
      const proxy = new CuttingProxy(`http://${address}`, []);
      const name = reference(image, new URL(await proxy.start()).host);
      await driver.pullImage(name);
      const once = proxy.connections;
      await forgetImage(docker, name);
      await Promise.all([driver.pullImage(name), driver.pullImage(name), driver.pullImage(name)]);
      // Three pulls would take three times as many; a connection more or less is the engine's own affair.
      expect(proxy.connections).toBeLessThan(3 * once);
      await proxy.stop();
    });

    it('says what is missing, in one line', async () => {
      const image = await publish(docker, address);
      const error = await driver.pullImage(`${address}/${image.repository}:2`).catch(toBerthError);
      expect(error).toMatchObject({
        code: 'pull-failed',
        message: `pulling ${address}/${image.repository}:2 failed: manifest for ${address}/${image.repository}:2 not found: manifest unknown: manifest unknown`,
        fix: 'Check the name and the tag of the image.',
      });
    });

    it('takes latest, and not all there is, where no tag is said', async () => {
      const { repository } = await publish(docker, address);
      await expect(driver.pullImage(`${address}/${repository}`)).rejects.toMatchObject({
        message: expect.stringContaining(`${repository}:latest not found`) as string,
      });
    });

    it('pulls by digest', async () => {
      const image = await publish(docker, address);
      const { imageId } = await driver.pullImage(reference(image));
      const { RepoDigests } = await docker.getImage(imageId).inspect();
      await forgetImage(docker, image.at(address));
      pulled.add(RepoDigests[0]!);
      expect(await driver.pullImage(RepoDigests[0]!)).toEqual({ imageId });
    });

    it('needs the right password where one is asked for, and tells it to nobody', async () => {
      const own = await startRegistry();
      try {
        const image = await publish(docker, own.address, { credentials: REGISTRY_USER });
        const name = reference(image, own.address);
        const wrong = { ...REGISTRY_USER, password: 'a-wrong-secret' };
        for (const credentials of [undefined, wrong]) {
          const error = await driver.pullImage(name, { credentials }).catch(toBerthError);
          expect(error).toMatchObject({ code: 'pull-failed', fix: expect.stringContaining('password') as string });
          expect(inspect(error, { depth: null })).not.toContain(wrong.password);
        }
        // Nobody rides on the pull of somebody else, who has the right one.
        const both = await Promise.allSettled([
          driver.pullImage(name, { credentials: REGISTRY_USER }),
          driver.pullImage(name, { credentials: wrong }),
        ]);
        expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      } finally {
        await own.dispose();
      }
    });

    it(
      'fails when the registry is cut off in the middle, and leaves nothing',
      async () => {
        const image = await publish(docker, address, { bytes: 8 * MIB });
        const proxy = new CuttingProxy(`http://${address}`, []);
        const name = reference(image, new URL(await proxy.start()).host);
        const before = await docker.listImages({ all: true });
        let stopped: Promise<void> | undefined;
        const onProgress = ({ bytes, total }: PullProgress) => {
          if (total !== null && bytes > 0) stopped ??= proxy.stop();
        };
        await expect(driver.pullImage(name, { onProgress })).rejects.toMatchObject({ code: 'pull-failed' });
        expect(stopped).toBeDefined();
        await stopped;
        expect(await isHere(name)).toBe(false);
        expect(await docker.listImages({ all: true })).toHaveLength(before.length);
      },
      RETRIES_MS,
    );

    it('ends when the last who waited for it has gone, and leaves nothing', async () => {
      const image = await publish(docker, address, { bytes: 32 * MIB });
      const name = reference(image);
      const reason = new Error('no longer wanted');
      const controller = new AbortController();
      const onProgress = ({ bytes }: PullProgress) => bytes > 0 && controller.abort(reason);
      await expect(driver.pullImage(name, { onProgress, signal: controller.signal })).rejects.toBe(reason);
      expect(await isHere(name)).toBe(false);
      // A later pull is not confused by the one that was given up.
      await driver.pullImage(name);
      expect(await isHere(name)).toBe(true);
    });
  });
});
