/** All that a manager and its agents need: real Docker, etcd, Redis, and the genuine libraries of the manager's side. */
import { randomUUID } from 'node:crypto';
import {
  describeWithDocker,
  describeWithEtcd,
  describeWithPython,
  describeWithRedis,
  type TestDocker,
  type TestServer,
} from './services.js';

export interface ManagerWorld {
  readonly docker: TestDocker;
  readonly etcd: TestServer;
  readonly redis: TestServer;
  /** A Python that has the libraries. */
  readonly python: string;
}

/** A block of tests in such a world. */
export function describeWithManager(name: string, fn: (world: ManagerWorld) => void): void {
  describeWithDocker(name, (docker) =>
    describeWithEtcd('on etcd', (etcd) =>
      describeWithRedis('and Redis', (redis) =>
        describeWithPython('with the genuine client', (python) => fn({ docker, etcd, redis, python })),
      ),
    ),
  );
}

/** A namespace that no other test has. */
export const freshNamespace = (): string => `test-${randomUUID().slice(0, 8)}`;
