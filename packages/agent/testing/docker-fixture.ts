/** A Docker Engine as a fixture of the conformance suite. Programs are Python's, of the image. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerDriver } from '../src/adapters/docker/index.js';
import { ROOT_OF_CONTAINER, type DriverFixture, type FixtureRegistry } from './driver-fixture.js';
import { COMMANDS, lookInside } from './look-inside.js';

/** A fixture on the engine at `socketPath`; `image` needs Python, a shell, and GREETING in its environment. */
export async function dockerFixture(socketPath: string, image: string, registry?: FixtureRegistry): Promise<DriverFixture> {
  const driver = new DockerDriver({ socketPath });
  const directory = await mkdtemp(join(tmpdir(), 'berth-docker-'));
  return {
    driver,
    image,
    imageEnvironment: { GREETING: 'hello' },
    expected: ROOT_OF_CONTAINER,
    commands: COMMANDS,
    directory,
    registry,
    lookInside: (plan) => lookInside(driver, plan),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}
