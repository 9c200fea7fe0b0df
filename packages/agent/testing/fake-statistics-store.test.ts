import { FakeStatisticsStore } from './fake-statistics-store.js';
import { statisticsStoreConformance } from './statistics-store-suite.js';

statisticsStoreConformance('the fake statistics store', async () => {
  const store = new FakeStatisticsStore();
  return {
    store,
    read: async (key) => Object.fromEntries(store.hashes.get(key) ?? []),
    ttl: async (key) => (store.expires.get(key)! - Date.now()) / 1000,
    goAway: () => (store.away = true),
    comeBack: () => (store.away = false),
    dispose: () => store.close(),
  };
});
