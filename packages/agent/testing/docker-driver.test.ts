import Docker from 'dockerode';
import { expect, it } from 'vitest';
import { describeWithDocker } from '../../../test/support/services.js';
import { dockerFixture } from './docker-fixture.js';
import { runDriverCase, type Bench } from './driver-case.js';
import { driverConformance } from './driver-suite.js';

// The hostile image: what it brings along must change nothing.
describeWithDocker('on a real engine', ({ socketPath, images }) => {
  driverConformance('the docker driver', () => dockerFixture(socketPath, images.hostile));

  it('makes no volume for what the image declares one', async () => {
    const fixture = await dockerFixture(socketPath, images.hostile);
    const docker = new Docker({ socketPath });
    const mounted = async (containerId: string) => (await docker.getContainer(containerId).inspect()).Mounts;
    const run = async ({ make }: Bench) => expect(await mounted(await make())).toEqual([]);
    await runDriverCase({ name: 'volumes', run }, fixture, 10_000);
    await fixture.dispose();
  });
});
