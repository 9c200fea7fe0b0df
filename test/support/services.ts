/**
 * Real services for tests. `scripts/test-services` starts them and names them in the environment; a test that needs one is
 * declared through this file, so that it is skipped by name where the service is missing, fails where services are required
 * (BERTH_REQUIRE_SERVICES=1), and is counted where it ran.
 */
import { appendFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

/** A private Docker daemon with the images that `scripts/test-services` made (scripts/images/). */
export interface TestDocker {
  readonly socketPath: string;
  readonly images: {
    /** Debian with python3 and bash, no Node. */
    readonly debian: string;
    /** Static musl binaries and a small shell, no glibc, no Node. */
    readonly musl: string;
    /** Nothing at all. */
    readonly empty: string;
    /** Debian again, with hostile ENTRYPOINT, USER, WORKDIR, NODE_OPTIONS, LD_PRELOAD and the like in its configuration. */
    readonly hostile: string;
  };
}

export const TEST_IMAGES: TestDocker['images'] = {
  debian: 'berth-test/debian:1',
  musl: 'berth-test/musl:1',
  empty: 'berth-test/empty:1',
  hostile: 'berth-test/hostile:1',
};

/** Whether a check that cannot be made is a failure, not skipped. */
export const required = process.env['BERTH_REQUIRE_SERVICES'] === '1';

function count(service: string): void {
  const log = process.env['BERTH_SERVICE_LOG'];
  if (log) appendFileSync(log, `${service}\n`);
}

/** A block of tests that talk to a real Docker Engine. */
export function describeWithDocker(name: string, fn: (docker: TestDocker) => void): void {
  const socketPath = process.env['BERTH_TEST_DOCKER_SOCKET'];
  if (!socketPath) {
    if (required)
      it(`${name} (needs Docker)`, () => expect.fail('BERTH_TEST_DOCKER_SOCKET is not set: run through scripts/test-services'));
    else it.skip(`${name} (needs Docker)`);
    return;
  }
  describe(name, () => {
    afterEach(() => count('docker'));
    fn({ socketPath, images: TEST_IMAGES });
  });
}
