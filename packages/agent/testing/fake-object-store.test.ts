import { FakeObjectStore } from './fake-object-store.js';
import { objectStoreConformance } from './object-store-suite.js';

objectStoreConformance('the fake', () => {
  const store = new FakeObjectStore();
  const stranger = new FakeObjectStore(store.objects);
  stranger.state = 'forbidding';
  return Promise.resolve({
    store,
    stranger,
    fetch: (address) => Promise.resolve(store.objects.get(decodeURIComponent(address.slice('fake://'.length)))),
    keys: () => Promise.resolve([...store.objects.keys()].sort()),
    goAway: () => (store.state = 'away'),
    comeBack: () => (store.state = 'there'),
    dispose: () => Promise.resolve(),
  });
});
