import { FakeCoordinator, FakeStore } from './fake-coordinator.js';
import { coordinatorConformance } from './coordinator-suite.js';

coordinatorConformance('the fake coordinator', async () => {
  const store = new FakeStore();
  const all = ['/sorna/local/', '/sorna/local/', '/sorna/local2/'].map((prefix) => new FakeCoordinator(store, prefix));
  const [coordinator, other, stranger] = all as [FakeCoordinator, FakeCoordinator, FakeCoordinator];
  return {
    coordinator,
    other,
    stranger,
    goAway: async () => store.goAway(),
    comeBack: async (options) => store.comeBack(options),
    async dispose() {
      for (const one of all) await one.close();
    },
  };
});
