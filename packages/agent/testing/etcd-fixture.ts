/** Coordinators on a real etcd, behind a fault proxy, under a prefix of their own. */
import { randomUUID } from 'node:crypto';
import { etcdctl } from '../../../test/support/etcd.js';
import type { TestServer } from '../../../test/support/services.js';
import { EtcdCoordinator } from '../src/adapters/etcd/index.js';
import type { Logger } from '../src/ports/logger.js';
import type { CoordinatorFixture } from './coordinator-suite.js';
import { FaultProxy } from './fault-proxy.js';

/** Keeps the lines of its log. */
export class LinesLogger implements Logger {
  readonly lines: string[] = [];
  debug = () => {};
  info = (_fields: object, message: string) => void this.lines.push(message);
  warn = this.info;
  error = this.info;
}

export interface EtcdFixture extends CoordinatorFixture {
  readonly proxy: FaultProxy;
  readonly prefix: string;
  readonly logger: LinesLogger;
  readonly address: string;
}

export async function etcdFixture({ address, host, port }: TestServer): Promise<EtcdFixture> {
  const proxy = await FaultProxy.start({ host, port });
  const root = `/berth-test-${randomUUID()}`;
  const logger = new LinesLogger();
  const coordinator = new EtcdCoordinator({ endpoints: [proxy.address], prefix: `${root}/ns/`, logger });
  const direct = (prefix: string) => new EtcdCoordinator({ endpoints: [address], prefix, logger: new LinesLogger() });
  const [other, stranger] = [direct(`${root}/ns/`), direct(`${root}/ns2/`)];
  return {
    coordinator,
    other,
    stranger,
    proxy,
    prefix: `${root}/ns/`,
    logger,
    address,
    goAway: async () => proxy.refuse(),
    async comeBack({ leasesLost } = { leasesLost: false }) {
      if (leasesLost) {
        const leases = (await etcdctl(address, 'lease', 'list')).split('\n').slice(1).filter(Boolean);
        for (const lease of leases) {
          // Other tests have leases too.
          const told = await etcdctl(address, 'lease', 'timetolive', lease, '--keys');
          if (told.includes(root)) await etcdctl(address, 'lease', 'revoke', lease);
        }
      }
      proxy.resume();
    },
    async dispose() {
      for (const one of [coordinator, other, stranger]) await one.close();
      await etcdctl(address, 'del', '--prefix', root);
      await proxy.close();
    },
  };
}
