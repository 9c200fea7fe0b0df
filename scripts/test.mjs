// `npm test`: installs, builds, checks, and runs all tests with real services. Arguments go to vitest.
// This file must be readable for any Node that can load a module: what is newer stays in files that it loads later.
import { requireNode } from './node-floor.mjs';

requireNode();
import('./test-all.mjs').then(function (all) {
  all.main(process.argv.slice(2));
});
