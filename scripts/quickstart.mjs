// `npm run quickstart`: builds, runs real code in a session, shows what happened, and leaves nothing.
// This file must be readable for any Node that can load a module: what is newer stays in files that it loads later.
import { requireNode } from './node-floor.mjs';

requireNode();
import('./quickstart/main.mjs').then(function (quickstart) {
  return quickstart.main();
});
