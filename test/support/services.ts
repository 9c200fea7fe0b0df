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
    /** As the kernel images of 2018, with the genuine kernel-runner 1.4.2: its language python, and its terminal `git`. */
    readonly kernelPython: string;
    readonly kernelGit: string;
  };
}

export const TEST_IMAGES: TestDocker['images'] = {
  debian: 'berth-test/debian:1',
  musl: 'berth-test/musl:1',
  empty: 'berth-test/empty:1',
  hostile: 'berth-test/hostile:1',
  kernelPython: 'lablup/kernel-python:berth-test',
  kernelGit: 'lablup/kernel-git:berth-test',
};

/** Whether a check that cannot be made is a failure, not skipped. */
export const required = process.env['BERTH_REQUIRE_SERVICES'] === '1';

function count(service: string): void {
  const log = process.env['BERTH_SERVICE_LOG'];
  if (log) appendFileSync(log, `${service}\n`);
}

/** A real server for tests, `HOST:PORT` taken apart. Others use it too: keys and databases of a test are its own. */
export interface TestServer {
  readonly address: string;
  readonly host: string;
  readonly port: number;
}

/** A block of tests that talk to a real Docker Engine. */
export const describeWithDocker = describeWith('docker', 'Docker', 'BERTH_TEST_DOCKER_SOCKET', (socketPath): TestDocker => ({
  socketPath,
  images: TEST_IMAGES,
}));

/** A block of tests that talk to a real etcd. One that needs an etcd to stop or kill starts its own (`etcd.ts`). */
export const describeWithEtcd = describeWith('etcd', 'etcd', 'BERTH_TEST_ETCD', serverAt);

/** A block of tests that talk to a real Redis. One that needs a Redis to stop or kill starts its own (`redis.ts`). */
export const describeWithRedis = describeWith('redis', 'Redis', 'BERTH_TEST_REDIS', serverAt);

/** A block of tests that pull from a real registry. One that asks for a password, or is cut off, is the test's own (`registry.ts`). */
export const describeWithRegistry = describeWith('registry', 'a registry', 'BERTH_TEST_REGISTRY', serverAt);

/** A block of tests that put objects into a real S3-compatible store (OpenStack Swift), which checks signatures. Buckets of a test are its own (`s3.ts`). */
export const describeWithS3 = describeWith('s3', 'an S3-compatible store', 'BERTH_TEST_S3', serverAt);

/** A block of tests in which the manager's side is spoken by the genuine Python libraries (`python.ts`). */
export const describeWithPython = describeWith('python', 'Python', 'BERTH_TEST_PYTHON', (path) => path);

/** A block of tests with the real Jupyter server: the directory of a virtual environment (scripts/services/jupyter.mjs). */
export const describeWithJupyter = describeWith('jupyter', 'Jupyter', 'BERTH_TEST_JUPYTER', (path) => path);

function serverAt(address: string): TestServer {
  const at = address.lastIndexOf(':');
  return { address, host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

/** @param service its name in scripts/services/table.mjs; @param variable where `scripts/test-services` says where it is */
function describeWith<T>(service: string, label: string, variable: string, read: (value: string) => T) {
  return (name: string, fn: (server: T) => void): void => {
    const value = process.env[variable];
    if (!value) {
      if (required)
        it(`${name} (needs ${label})`, () => expect.fail(`${variable} is not set: run through scripts/test-services`));
      else it.skip(`${name} (needs ${label})`);
      return;
    }
    describe(name, () => {
      afterEach(() => count(service));
      fn(read(value));
    });
  };
}
