import { homedir } from 'node:os';
import { join } from 'node:path';

/** Directory where tests keep what takes long to fetch or make; it need not exist. BERTH_TEST_CACHE, else below the user's cache. */
export function testCache() {
  return process.env.BERTH_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'berth-test');
}
