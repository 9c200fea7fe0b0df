import { describeWithEtcd } from '../../../test/support/services.js';
import { coordinatorConformance } from './coordinator-suite.js';
import { etcdFixture } from './etcd-fixture.js';

describeWithEtcd('on a real etcd', (server) => {
  coordinatorConformance('the etcd coordinator', () => etcdFixture(server));
});
