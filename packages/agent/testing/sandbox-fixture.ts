/** The sandbox driver as a fixture of the conformance suite, with this machine itself as image. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SandboxDriver } from '../src/adapters/sandbox/index.js';
import type { Isolation } from '../src/ports/driver.js';
import { ROOT_OF_CONTAINER, type DriverFixture } from './driver-fixture.js';
import { COMMANDS, lookInside } from './look-inside.js';

/** With an image other than `host`: the path of a root file system that has Python and a shell. */
export async function sandboxFixture(image = 'host:latest', isolation: Isolation = 'sandboxed'): Promise<DriverFixture> {
  const state = await mkdtemp(join(tmpdir(), 'berth-sandboxes-'));
  const directory = await mkdtemp(join(tmpdir(), 'berth-sandbox-'));
  const driver = new SandboxDriver({ directory: state, isolation });
  const uid = process.getuid!();
  return {
    driver,
    image,
    imageEnvironment: image.startsWith('/') ? {} : { LANG: 'C.UTF-8' },
    expected: uid === 0 ? ROOT_OF_CONTAINER : { uid, capabilities: [] },
    commands: COMMANDS,
    directory,
    registry: undefined,
    lookInside: (plan) => lookInside(driver, plan, 'permitted'),
    dispose: async () => {
      await rm(directory, { recursive: true, force: true });
      await rm(state, { recursive: true, force: true });
    },
  };
}
